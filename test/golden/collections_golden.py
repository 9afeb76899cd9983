"""Writes src/data/datasets/golden/collections.json: datasets that ClinicaDL 2.0.0 makes of others, and what they say.

The tables are those of `makeCohort(3)` and `makeCohort(4)` of src/data/fixtures/cohort.ts.
"""

import json
import tempfile
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd

from clinicadl.data.datasets import BidsDataset, ConcatDataset, PairedDataset, UnpairedDataset
from clinicadl.data.datasets.base import Dataset
from clinicadl.io.bids import BidsFileType

target = Path(__file__).parents[2] / "src" / "data" / "datasets" / "golden" / "collections.json"
IDS = ["participant_id", "session_id"]


def cohort(root, n):
    root.mkdir()
    (root / "dataset_description.json").write_text('{"Name": "tiny", "BIDSVersion": "1.7.0", "DatasetType": "raw"}')
    rows = []
    for i in range(n):
        folder = root / f"sub-{i:03}" / "ses-M000" / "anat"
        folder.mkdir(parents=True)
        image = nibabel.Nifti1Image(np.full((2, 2, 2), 1000.0 * i, dtype="float32"), np.eye(4))
        nibabel.save(image, folder / f"sub-{i:03}_ses-M000_T1w.nii.gz")
        rows.append([f"sub-{i:03}", "ses-M000", float(60 + i), i, "AD" if i % 2 else "CN"])
    return root, pd.DataFrame(rows, columns=[*IDS, "age", "n_visits", "diagnosis"])


class Numbers(Dataset):
    """So many samples, each its own number."""

    def __init__(self, n):
        self._df = pd.DataFrame([[f"sub-{i}", "ses-M000"] for i in range(n)], columns=IDS)

    def train(self):
        pass

    def eval(self):
        pass

    def get_sample_info(self, idx, column):
        return self._df.iloc[idx][column]

    def __len__(self):
        return len(self._df)

    def __getitem__(self, idx):
        return idx


def cells(df):
    records = df.astype(object).where(df.notna(), None).to_dict("records")
    return [{key: value.item() if hasattr(value, "item") else value for key, value in row.items()} for row in records]


def error(body):
    try:
        body()
    except Exception as exc:
        return type(exc).__name__
    return None


golden = {}
with tempfile.TemporaryDirectory() as folder:
    (one, table), (other, longer) = cohort(Path(folder) / "one", 3), cohort(Path(folder) / "other", 4)

    def t1w(root, data, columns=None):
        return BidsDataset(root, BidsFileType(data_type="anat", suffix="T1w"), data=data.copy(), columns=columns)

    def order(dataset):
        def name(sample):
            return [sample.participant_id, float(sample.get_image_tensor("image").mean())]

        items = [dataset[i] for i in range(len(dataset))]
        return [[name(s) for s in item] if isinstance(item, tuple) else name(item) for item in items]

    concat = ConcatDataset([t1w(one, table), t1w(other, longer[IDS])])
    chosen = [("sub-003", "ses-M000"), ("sub-001", "ses-M000"), ("sub-003", "ses-M000")]
    golden["concat"] = {
        "df": cells(concat.df),
        "order": order(concat),
        "info": [concat.get_sample_info(1, "age"), error(lambda: concat.get_sample_info(4, "age"))],
        "subset": cells(concat.subset(chosen).df),
        "subset_of_one": cells(concat.subset([("sub-003", "ses-M000")]).df),
        "errors": {
            "subset_none": error(lambda: concat.subset([("sub-009", "ses-M000")])),
            "dataset_id": error(lambda: ConcatDataset([t1w(one, table.assign(dataset_id=0))])),
            "index": error(lambda: concat[7]),
        },
    }

    scores = table[IDS].assign(score=[0.5, None, 1.5], age=[60.0, None, 62.0])
    paired = PairedDataset([t1w(one, table), t1w(other, scores)])
    golden["paired"] = {
        "df": cells(paired.df),
        "order": order(paired),
        "info": [paired.get_sample_info(2, "score"), paired.get_sample_info(2, "age")],
        "subset": cells(paired.subset([("sub-002", "ses-M000"), ("sub-000", "ses-M000")]).df),
        "errors": {
            "one": error(lambda: PairedDataset([t1w(one, table)])),
            "more": error(lambda: PairedDataset([t1w(one, table), t1w(other, longer)])),
            "order": error(lambda: PairedDataset([t1w(one, table), t1w(one, table[::-1].reset_index(drop=True))])),
            "values": error(lambda: PairedDataset([t1w(one, table), t1w(one, table.assign(age=90.0))])),
            "column": error(lambda: paired.get_sample_info(0, "weight")),
        },
    }

    unpaired = UnpairedDataset([t1w(one, table), t1w(other, longer[IDS])], oversample=True)
    unpaired.set_epoch(2)
    json_ = unpaired.config.to_dict()
    golden["unpaired"] = {
        "df": cells(unpaired.df),
        "order": order(unpaired),
        "info": [[unpaired.get_sample_info(i, c) for i in range(4)] for c in (*IDS, "age")],
        "keys": [*json_.keys()],
        "oversample": json_["oversample"],
        "subset": cells(unpaired.subset([("sub-001", "ses-M000"), ("sub-003", "ses-M000")]).df),
        "errors": {
            "one": error(lambda: UnpairedDataset([t1w(one, table)])),
            "dataset_id": error(lambda: UnpairedDataset([t1w(one, table.assign(dataset_id=0)), t1w(other, longer)])),
            "column": error(lambda: unpaired.get_sample_info(0, "weight")),
            "index": error(lambda: unpaired[4]),
            "subset_none": error(lambda: unpaired.subset([("sub-003", "ses-M000")])),
        },
    }

golden["mappings"] = []
for sizes in ([5, 5], [2, 9], [9, 2], [1, 7, 4], [40, 31]):
    for oversample in (False, True):
        dataset = UnpairedDataset([Numbers(n) for n in sizes], oversample=oversample)
        for epoch in (0, 1, 2, 57, 1000):
            dataset.set_epoch(epoch)
            mapping = dataset.mapping.to_numpy().tolist()
            golden["mappings"].append({"sizes": sizes, "oversample": oversample, "epoch": epoch, "mapping": mapping})

target.parent.mkdir(exist_ok=True)
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
