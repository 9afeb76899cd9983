"""Writes src/networks/golden/beyond.json: of networks that ClinicaDL does not have, what MONAI's, torchvision's and nnU-Net's give,
with the numbers of `networks_golden.py`. To add a network, add its cases to CASES: `compareToOriginal(name, "beyond")` takes those of one class.
"""

import json
import sys
from pathlib import Path

import torch
from monai.networks.nets import SegResNet

from networks_golden import numbers

OUT = Path(__file__).parents[2] / "src" / "networks" / "golden" / "beyond.json"

RELU = ["relu", {"inplace": True}]


def segresnet(act=RELU, **given):
    """The config in our words, and MONAI's network."""
    config = {
        "dropout": None,
        "spatial_dims": 3,
        "init_filters": 8,
        "in_channels": 1,
        "out_channels": 2,
        "act": act,
        "norm": ["group", {"num_groups": 8}],
        "blocks_down": [1, 2, 2, 4],
        "blocks_up": [1, 1, 1],
        "upsample_mode": "nontrainable",
        **given,
    }
    theirs = {**config, "dropout_prob": config["dropout"]}
    del theirs["dropout"]
    return {"name_": "SegResNet", **config}, lambda: SegResNet(**theirs)


CASES = {
    "segresnet-2d": (
        segresnet(spatial_dims=2, in_channels=2, out_channels=3, init_filters=4, act="prelu", norm="batch", blocks_down=[1, 2, 1], blocks_up=[2, 1], upsample_mode="deconv"),
        (2, 2, 8, 12),
    ),
    "segresnet-3d": (segresnet(norm=["group", {"num_groups": 2}], init_filters=2, blocks_down=[1, 1], blocks_up=[1]), (2, 1, 4, 6, 8)),
    "segresnet-3d-dropout": (
        segresnet(dropout=0.2, init_filters=2, act=["leakyrelu", {"negative_slope": 0.1}], norm=["instance", {"affine": True}], blocks_down=[2, 1], blocks_up=[1], upsample_mode="deconv"),
        (2, 1, 6, 4, 8),
    ),
}


def case(built, shape):
    config, build = built
    torch.manual_seed(42)
    return {"seed": 42, "config": config, **numbers(build(), shape)}


if __name__ == "__main__":
    golden = {name: case(*args) for name, args in CASES.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(values, separators=(',', ':'))}" for name, values in golden.items()]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(OUT.stat().st_size, "bytes", file=sys.stderr)
