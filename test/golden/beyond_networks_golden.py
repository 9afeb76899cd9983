"""Writes src/networks/golden/beyond.json: of networks that ClinicaDL does not have, what MONAI's, torchvision's and nnU-Net's give,
with the numbers of `networks_golden.py`. To add a network, add its cases to CASES: `compareToOriginal(name, "beyond")` takes those of one class.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch import nn
from monai.networks.nets import MedNeXt, SegResNet
from monai.networks.nets import mednext as variants

from networks_golden import numbers

# 50 kB, of which what is used needs PyTorch only
PACKAGES = tempfile.TemporaryDirectory()
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", PACKAGES.name, "dynamic-network-architectures==0.4.4"], check=True)
sys.path.append(PACKAGES.name)
from dynamic_network_architectures.architectures.unet import ResidualEncoderUNet  # noqa: E402

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


class ResEncUNet(ResidualEncoderUNet):
    """Made as nnU-Net makes it, which switches deep supervision off to predict."""

    def __init__(self, **given):
        super().__init__(**given)
        self.deep = self.decoder.deep_supervision
        self.apply(self.initialize)

    def train(self, mode=True):
        self.decoder.deep_supervision = self.deep and mode
        return super().train(mode)


OPS = {
    2: {"conv_op": nn.Conv2d, "dropout_op": nn.Dropout2d, "instance": nn.InstanceNorm2d, "batch": nn.BatchNorm2d},
    3: {"conv_op": nn.Conv3d, "dropout_op": nn.Dropout3d, "instance": nn.InstanceNorm3d, "batch": nn.BatchNorm3d},
}
ACTS = {"leakyrelu": nn.LeakyReLU, "relu": nn.ReLU, "prelu": nn.PReLU}


def res_enc_unet(**given):
    config = {
        "dropout": None,
        "spatial_dims": 3,
        "in_channels": 1,
        "out_channels": 2,
        "features_per_stage": [32, 64, 128, 256, 320, 320],
        "kernel_sizes": None,
        "strides": None,
        "n_blocks_per_stage": None,
        "n_conv_per_stage_decoder": None,
        "conv_bias": True,
        "norm": ["instance", {"affine": True}],
        "act": ["leakyrelu", {"inplace": True}],
        "deep_supervision": False,
        **given,
    }
    ops = OPS[config["spatial_dims"]]
    (norm, norm_options), (act, act_options) = config["norm"], config["act"]
    dropout = {} if config["dropout"] is None else {"dropout_op": ops["dropout_op"], "dropout_op_kwargs": {"p": config["dropout"]}}
    alike = ("features_per_stage", "kernel_sizes", "strides", "n_blocks_per_stage", "n_conv_per_stage_decoder", "conv_bias", "deep_supervision")
    return {"name_": "ResEncUNet", **config}, lambda: ResEncUNet(
        input_channels=config["in_channels"],
        n_stages=len(config["features_per_stage"]),
        num_classes=config["out_channels"],
        conv_op=ops["conv_op"],
        norm_op=ops[norm],
        norm_op_kwargs=norm_options,
        nonlin=ACTS[act],
        nonlin_kwargs=act_options,
        **dropout,
        **{key: config[key] for key in alike},
    )


def mednext(**given):
    config = {
        "spatial_dims": 3,
        "in_channels": 1,
        "out_channels": 2,
        "deep_supervision": False,
        "kernel_size": 7,
        "init_filters": 32,
        "encoder_expansion_ratio": None,
        "decoder_expansion_ratio": None,
        "bottleneck_expansion_ratio": 2,
        "use_residual_connection": False,
        "blocks_down": [2, 2, 2, 2],
        "blocks_bottleneck": 2,
        "blocks_up": [2, 2, 2, 2],
        "global_resp_norm": False,
        **given,
    }
    return {"name_": "MedNeXt", **config}, lambda: MedNeXt(**config)


CASES = {
    "mednext-2d": (
        mednext(
            spatial_dims=2,
            in_channels=2,
            out_channels=3,
            kernel_size=5,
            init_filters=2,
            encoder_expansion_ratio=[2, 3],
            decoder_expansion_ratio=[1, 2],
            bottleneck_expansion_ratio=3,
            use_residual_connection=True,
            blocks_down=[1, 2],
            blocks_bottleneck=1,
            blocks_up=[2, 1],
            global_resp_norm=True,
            deep_supervision=True,
        ),
        (2, 2, 8, 12),
    ),
    "mednext-3d": (
        mednext(kernel_size=3, init_filters=2, encoder_expansion_ratio=[2], decoder_expansion_ratio=[2], blocks_down=[1], blocks_bottleneck=1, blocks_up=[1]),
        (2, 1, 4, 6, 8),
    ),
    "mednext-3d-deep": (
        mednext(
            kernel_size=3,
            init_filters=2,
            encoder_expansion_ratio=[2],
            decoder_expansion_ratio=[2],
            use_residual_connection=True,
            blocks_down=[1],
            blocks_bottleneck=1,
            blocks_up=[1],
            deep_supervision=True,
        ),
        (2, 1, 4, 6, 8),
    ),
    "resencunet-2d": (
        res_enc_unet(
            spatial_dims=2,
            in_channels=2,
            out_channels=3,
            features_per_stage=[3, 4, 4],
            kernel_sizes=[[1, 3], [3, 3], [3, 5]],
            strides=[[1, 1], [1, 2], [2, 2]],
            n_blocks_per_stage=[1, 2, 1],
            n_conv_per_stage_decoder=[2, 1],
            conv_bias=False,
            norm=["batch", {}],
            act=["prelu", {}],
        ),
        (2, 2, 8, 12),
    ),
    "resencunet-3d-deep": (
        res_enc_unet(
            features_per_stage=[2, 3, 4],
            kernel_sizes=[[3, 3, 3]] * 3,
            strides=[[1, 1, 1], [2, 2, 2], [2, 2, 1]],
            n_blocks_per_stage=[1, 1, 1],
            n_conv_per_stage_decoder=[1, 1],
            dropout=0.2,
            deep_supervision=True,
        ),
        (2, 1, 8, 8, 6),
    ),
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
