"""Writes src/data/structures/golden/alignment.json: masks resampled to images by TorchIO, as ClinicaDL 2.0.0 does it.

No voxel of an image is as near to one voxel of its mask as to another, where rounding would decide.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torchio as tio

rng = np.random.default_rng(0)
target = Path(__file__).parents[2] / "src" / "data" / "structures" / "golden" / "alignment.json"


def affine(zooms, origin, turn=0.0):
    matrix = np.eye(4)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    matrix[:3, :3] = rotation @ np.diag(zooms)
    matrix[:3, 3] = origin
    return matrix


image_shape, image_affine = (5, 6, 7), affine((2, 2.5, 1.5), (-4.1, 3.2, 1.3))
cases = []
for name, shape, matrix in (
    ("finer", (12, 15, 11), affine((0.9, 1.1, 1.0), (-5.03, 2.21, 0.17))),
    ("coarser", (3, 3, 4), affine((4.1, 5.3, 3.7), (-4.6, 3.9, 1.9))),
    ("moved, partly outside", (5, 6, 7), affine((2, 2.5, 1.5), (-0.6, 5.9, 4.4))),
    ("turned", (7, 8, 7), affine((2, 2.1, 1.7), (-4.37, 1.23, 0.71), 0.4)),
    ("flipped and finer", (11, 14, 11), affine((-1.03, 1.21, -0.97), (5.3, 2.07, 11.13))),
):
    mask = rng.integers(0, 9, (2, *shape)).astype("int32")
    subject = tio.Subject(
        image=tio.ScalarImage(tensor=torch.zeros(1, *image_shape), affine=image_affine),
        mask=tio.LabelMap(tensor=torch.from_numpy(mask), affine=matrix),
    )
    resampled = tio.Resample("image", include=["mask"])(subject)["mask"]
    assert resampled.spatial_shape == image_shape
    cases.append(
        {
            "name": name,
            "shape": shape,
            "affine": matrix.ravel().tolist(),
            "labels": mask.ravel().tolist(),
            "resampled": resampled.data.numpy().ravel().tolist(),
        }
    )
golden = {"image": {"shape": image_shape, "affine": image_affine.ravel().tolist()}, "cases": cases}
target.parent.mkdir(exist_ok=True)
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
