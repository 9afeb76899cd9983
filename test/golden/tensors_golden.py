"""Writes src/data/datasets/golden/tensors/: two sessions that ClinicaDL 2.0.0 converted to tensors, raw and with a transform.

Image i has the values 1000 i, 1000 i + 1, …, and voxels that run to the left: conversions flip it. Paths are replaced by /data.
"""

import os
import shutil
import tempfile
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd

from clinicadl.data.datasets import BidsDataset
from clinicadl.io.bids import BidsFileType
from clinicadl.transforms import TransformsHandler
from clinicadl.transforms.config import RescaleIntensityConfig

target = Path(__file__).parents[2] / "src" / "data" / "datasets" / "golden" / "tensors"
affine = np.diag([-2.0, 3.0, 1.5, 1.0])


def save(path, values, dtype):
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values.reshape(2, 3, 4).astype(dtype), affine), path)


with tempfile.TemporaryDirectory() as folder:
    root = (Path(folder) / "bids").resolve()
    root.mkdir()
    (root / "dataset_description.json").write_text('{"Name": "tiny", "BIDSVersion": "1.7.0", "DatasetType": "raw"}')
    for i in range(2):
        anat = root / f"sub-{i:03}" / "ses-M000" / "anat"
        save(anat / f"sub-{i:03}_ses-M000_space-MNI_T1w.nii.gz", 1000 * i + np.arange(24), "float32")
        save(anat / f"sub-{i:03}_ses-M000_space-MNI_mask.nii.gz", np.arange(24) % 3, "uint8")
    save(root / "common" / "space-MNI_mask.nii.gz", np.arange(24) % 2, "uint8")

    def file_type(suffix):
        return BidsFileType(data_type="anat", suffix=suffix, with_entities={"space": "MNI"})

    rows = [[f"sub-{i:03}", "ses-M000", 60.0 + i] for i in range(2)]
    dataset = BidsDataset(
        root,
        file_type("T1w"),
        data=pd.DataFrame(rows, columns=["participant_id", "session_id", "age"]),
        columns=["age"],
        masks={"seg": file_type("mask"), "common": root / "common" / "space-MNI_mask.nii.gz"},
        transforms=TransformsHandler(image_transforms=[RescaleIntensityConfig()]),
    )
    dataset.to_tensors()
    dataset.to_tensors(conversion_name="norm", save_transforms=True, description="between 0 and 1")
    for path in (root / "derivatives" / "tensors").rglob("*.json"):
        path.write_text(path.read_text().replace(str(root), "/data"))
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(root / "derivatives" / "tensors", target, copy_function=shutil.copyfile)
