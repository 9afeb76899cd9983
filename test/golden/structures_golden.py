"""Writes src/data/structures/golden/structures.json: which samples ClinicaDL 2.0.0 accepts, and which its spatial checks refuse."""

import json
from pathlib import Path

import numpy as np
import torch
import torchio as tio

from clinicadl.data.structures import DataPoint, Sample, Sample2D
from clinicadl.data.utils import DEFAULT_SPATIAL_CHECKS, DatasetChecker, SpatialCheck
from clinicadl.io.bids import BidsFileType

target = Path(__file__).parents[2] / "src" / "data" / "structures" / "golden" / "structures.json"
T1W = BidsFileType(data_type="anat", suffix="T1w")
WHO = {"participant_id": "sub-001", "session_id": "ses-M000"}


def accepted(make):
    try:
        make()
    except (AssertionError, RuntimeError, TypeError, ValueError):
        return False
    return True


def image(shape=(2, 3, 2), zoom=2.0, offset=0.0, channels=1, kind=tio.ScalarImage):
    affine = np.diag([zoom, 3.0, 1.5, 1.0])
    affine[0, 3] = offset
    return kind(tensor=torch.zeros(channels, *shape), affine=affine)


def sample(**options):
    return Sample(**{"image": image(), "file_type": T1W, "image_path": Path("/a.nii.gz"), **WHO, **options})


# what differs from the first data point: of its image and its mask, or of its mask only
POINTS = {
    "nothing": ({}, {}),
    "the mask's voxels, by little": ({}, {"zoom": 2.001}),
    "the mask's voxels": ({}, {"zoom": 2.01}),
    "the mask's place": ({}, {"offset": 1.0}),
    "the mask's shape": ({}, {"shape": (2, 3, 3)}),
    "both voxels, by little": ({"zoom": 2.001}, {"zoom": 2.001}),
    "both voxels": ({"zoom": 2.5}, {"zoom": 2.5}),
    "both shapes": ({"shape": (2, 2, 2)}, {"shape": (2, 2, 2)}),
    "both places": ({"offset": 1.0}, {"offset": 1.0}),
}


def point(own, mask):
    return DataPoint(image=image(**own), seg=image(kind=tio.LabelMap, **mask), **WHO)


def passes(checks, own, mask):
    checker = DatasetChecker(checks)
    checker.check_data_point(point({}, {}))
    return accepted(lambda: checker.check_data_point(point(own, mask)))


checks = {check.value: [check.value] for check in SpatialCheck} | {"default": DEFAULT_SPATIAL_CHECKS, "none": None}
positions = [None, 3, -1, [0, 1, 2], [0, 1], [0, 1, -1]]
golden = {
    "defaults": list(DEFAULT_SPATIAL_CHECKS),
    "spatial": [
        {"differs": name, "image": own, "mask": mask, "passes": {check: passes(given, own, mask) for check, given in checks.items()}}
        for name, (own, mask) in POINTS.items()
    ],
    "places": [
        {"type": kind, "position": position, "accepted": accepted(lambda: sample(sample_type=kind, sample_position=tuple(position) if isinstance(position, list) else position))}
        for kind in ("image", "patch", "slice")
        for position in positions
    ],
    "channels": [
        {"of": name, "values": count, "accepted": accepted(lambda: sample(image=image(channels=3), **{name: (value,) * count}))}
        for name, value in (("file_type", T1W), ("image_path", Path("/a.nii.gz")))
        for count in (1, 2, 3)
    ],
    "slices": [
        {
            "direction": direction,
            "accepted": accepted(
                lambda: Sample2D(
                    image=image(shape=(2, 1, 3)), file_type=T1W, image_path=Path("/a.nii.gz"), sample_position=0, slice_direction=direction, squeeze=True, **WHO
                )
            ),
        }
        for direction in (0, 1, 2)
    ],
}
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
