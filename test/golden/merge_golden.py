"""Writes src/data/dataloader/golden/merge.json: tuples of samples that ClinicaDL 2.0.0 merges with MergeBatchesCollate."""

import json
from pathlib import Path

import numpy as np
import torch
import torchio as tio

from clinicadl.data.dataloader import MergeBatchesCollate
from clinicadl.data.structures import Sample, Sample2D
from clinicadl.io.bids import BidsFileType

target = Path(__file__).parents[2] / "src" / "data" / "dataloader" / "golden" / "merge.json"


def image(start, channels=1, zoom=1.0, shape=(2, 3, 2), kind=tio.ScalarImage):
    count = channels * int(np.prod(shape))
    values = torch.arange(start, start + count, dtype=torch.float32 if kind is tio.ScalarImage else torch.int16)
    return kind(tensor=values.reshape(channels, *shape), affine=np.diag([zoom, 1.0, 1.0, 1.0]))


def sample(img, suffix, participant="sub-001", **kwargs):
    file_type = BidsFileType(data_type="anat", suffix=suffix)
    path = Path(f"/{suffix}.nii.gz")
    return Sample(image=img, participant_id=participant, session_id="ses-M000", file_type=file_type, image_path=path, **kwargs)


def error(*samples, ignore=None):
    try:
        MergeBatchesCollate(ignore)([samples])
    except Exception as exc:
        return type(exc).__name__
    return None


a = sample(image(0), "T1w", age=55, sex="M", site=1, label=torch.tensor([0, 1]), seg=image(0, kind=tio.LabelMap), only=3)
b = sample(image(100, 2, 1.0005), "PET", age=56, sex="M", label=torch.tensor([1, 2]), seg=image(50, kind=tio.LabelMap), drop=1)
merged = MergeBatchesCollate(["drop"])([(a, b)])[0]


def slice_(start, **kwargs):
    options = {"sample_position": 4, "slice_direction": 0, "squeeze": True, **kwargs}
    return Sample2D(
        image=image(start, shape=(1, 3, 2)),
        participant_id="sub-001",
        session_id="ses-M000",
        file_type=BidsFileType(data_type="anat", suffix="T1w"),
        image_path=Path("/T1w.nii.gz"),
        sample_type="slice",
        **options,
    )


slices = MergeBatchesCollate()([(slice_(0), slice_(6))])
golden = {
    "json": MergeBatchesCollate(["drop"]).to_dict(),
    "keys": sorted(k for k in merged.keys() if k not in ("sample_type", "sample_position")),
    "suffixes": [t.suffix.pattern for t in merged.file_type],
    "paths": [str(p) for p in merged.image_path],
    "image": merged.image.tensor.tolist(),
    "affine": merged.image.affine.ravel().tolist(),
    "seg": merged["seg"].tensor.tolist(),
    "seg_is_label": isinstance(merged["seg"], tio.LabelMap),
    "label": merged["label"].tolist(),
    "fields": {k: list(merged[k]) if isinstance(merged[k], tuple) else merged[k] for k in ("age", "sex", "site", "only")},
    "slices": {"shape": list(slices.get_field("image").shape), "values": slices.get_field("image").flatten().tolist()},
    "errors": {
        "participant": error(a, sample(image(0), "T1w", participant="sub-002")),
        "spacing": error(sample(image(0), "T1w"), sample(image(0, zoom=2.0), "PET")),
        "shape": error(sample(image(0), "T1w"), sample(image(0, shape=(2, 2, 2)), "PET")),
        "tensors": error(sample(image(0), "T1w", x=torch.zeros(2)), sample(image(0), "PET", x=torch.zeros(3))),
        "kind": error(sample(image(0, shape=(1, 3, 2)), "T1w"), slice_(0)),
        "squeeze": error(slice_(0), slice_(0, squeeze=False)),
        "position": error(slice_(0), slice_(0, sample_position=5)),
    },
}
target.parent.mkdir(exist_ok=True)
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
