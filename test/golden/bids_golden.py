"""Writes src/io/bids/golden/bids.json with ClinicaDL: its file types, what they match, and what a dataset of them finds."""

import json
import tempfile
from itertools import product
from pathlib import Path

from clinicadl.io.bids import Bids, BidsFileType, DwiDti, FlairLinear, PetLinear, T1Linear, TensorType
from clinicadl.utils.bids import BidsFile

TARGET = Path(__file__).parents[2] / "src" / "io" / "bids" / "golden" / "bids.json"


def dict_of(file_type):
    out = {key: value for key, value in file_type.model_dump(mode="json").items() if key != "description"}
    return out


types = []
for cropped in (True, False):
    options = {"use_uncropped_image": not cropped}
    types.append(["T1Linear", options, dict_of(T1Linear(**options))])
    types.append(["FlairLinear", options, dict_of(FlairLinear(**options))])
    for reconstruction in (None, "coregiso"):
        given = {
            "tracer": "18FFDG",
            "suvr_reference_region": "cerebellumPons2",
            "reconstruction": reconstruction,
            **options,
        }
        types.append(["PetLinear", given, dict_of(PetLinear(**given))])
for measure, space in product(("FA", "MD", "AD", "RD"), ("native", "normalized")):
    given = {"measure": measure, "space": space}
    types.append(["DwiDti", given, dict_of(DwiDti(**given))])
for entities in (None, {"space": "MNI.*", "conv": "mine"}):
    types.append(["TensorType", {"entities": entities}, dict_of(TensorType(entities))])

# the types of tensors, from those of what is in them
images = [
    {"suffix": "T1w", "data_type": "anat"},
    {"suffix": "T1w|FLAIR", "data_type": "anat", "with_entities": {"space": "MNI", "res": "1x1x1", "desc": "Cr.p"}},
    {"suffix": "pet", "with_entities": {"space": "MNI", "trc": "18FFDG"}, "without_entities": {"desc": "Crop"}},
]
masks = [[], [{"suffix": "mask", "with_entities": {"space": "MNI", "res": "2x2x2"}}]]
common = [[], ["space-MNI_res-1x1x1_mask.nii.gz"], ["space-other_trc-18FFDG_mask.nii"]]
sources = []
for image, individual, shared, transformed in product(images, masks, common, (False, True)):
    found = TensorType.from_source_file_types(
        "run1",
        BidsFileType(**image),
        [BidsFileType(**mask) for mask in individual],
        [BidsFile(path) for path in shared],
        transformed,
    )
    given = {"image": image, "individual": individual, "common": shared, "transformed": transformed}
    sources.append([given, dict_of(found)])

# what matches: types × paths × whose
patterns = [
    {"suffix": "T1w", "data_type": "anat"},
    {"suffix": "T1.*", "data_type": "an.*|func", "extension": ".nii.gz"},
    {"suffix": "scans", "extension": ".tsv"},
    {"suffix": "T1w", "data_type": "anat", "with_entities": {"space": "MNI152.*", "res": "1x1x1"}},
    {"suffix": "T1w", "data_type": "anat", "without_entities": {"desc": "Crop", "run": ".*"}},
    {"suffix": "MD", "data_type": "dwi/dti_based_processing/normalized_space", "with_entities": {"space": r"\b(b0|T1w)\b"}},
]
paths = [
    "anat/sub-001_ses-M000_T1w.nii.gz",
    "anat/sub-001_ses-M000_T1w.nii",
    "anat/sub-001_ses-M000_T1rho.nii.gz",
    "anat/sub-001_ses-M000_space-MNI152NLin_res-1x1x1_T1w.nii.gz",
    "anat/sub-001_ses-M000_space-MNI152NLin_desc-Crop_res-1x1x1_T1w.nii.gz",
    "anat/sub-001_ses-M000_run-2_T1w.nii.gz",
    "anat/deeper/sub-001_ses-M000_T1w.nii.gz",
    "func/sub-002_ses-M012_T1w.nii.gz",
    "sub-001_ses-M000_T1w.nii.gz",
    "sub-001_ses-M000_scans.tsv",
    "scans.tsv",
    "dwi/dti_based_processing/normalized_space/sub-001_ses-M000_space-b0_MD.nii",
    "dwi/dti_based_processing/normalized_space/sub-001_ses-M000_space-xb0_MD.nii",
    "anat/README.md",
    "anat/.hidden",
    "anat/sub-001__T1w.nii.gz",
    "anat/sub_T1w.nii.gz",
]
whose = [[None, None], ["sub-001", None], ["sub-001", "ses-M000"], ["sub-002", "ses-M012"], ["sub-00", "ses-M0"]]


def matches(file_type, path, participant, session):
    try:
        return bool(file_type.match(path, participant, session))
    except (ValueError, AssertionError):
        return False  # no BIDS name, which a search passes over


matching = [
    [pattern, path, *who, matches(BidsFileType(**pattern), path, *who)]
    for pattern in patterns
    for path in paths
    for who in whose
]

# a dataset of these files
with tempfile.TemporaryDirectory() as work:
    root = Path(work).resolve() / "bids"
    files = [
        f"{sub}/{ses}/{path.replace('sub-001', sub).replace('ses-M000', ses)}"
        for sub, ses in (("sub-001", "ses-M000"), ("sub-001", "ses-M012"), ("sub-010", "ses-M000"))
        for path in paths
        if not path.startswith("func")
    ]
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    (root / "dataset_description.json").write_text(
        json.dumps({"Name": "x", "BIDSVersion": "1.10.0", "DatasetType": "raw"})
    )
    (root / "participants.tsv").touch()
    bids = Bids(root)

    def outcome(action):
        try:
            return action()
        except RuntimeError as error:
            return "none" if "no file found" in str(error) else "several"
        except AssertionError:
            return "refused"

    questions = []
    for pattern in [*patterns, {"suffix": "participants", "extension": ".tsv"}]:
        file_type = BidsFileType(**pattern)
        for who in [[None, None], ["sub-001", None], ["sub-001", "ses-M000"], ["sub-010", "ses-M000"]]:
            found = outcome(lambda: str(bids.get_path(file_type, *who).relative_to(root)))
            built = outcome(lambda: str(bids.build_path(file_type, *who).relative_to(root)))
            questions.append([pattern, *who, found, built])
    pairs = [list(pair) for pair in sorted(bids.get_all_participants_sessions())]

TARGET.parent.mkdir(exist_ok=True)
TARGET.write_text(
    json.dumps(
        {"types": types, "sources": sources, "matching": matching, "files": files, "questions": questions, "pairs": pairs}
    )
)
print(len(types), len(sources), len(matching), len(questions), TARGET.stat().st_size, "bytes")
