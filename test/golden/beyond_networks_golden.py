"""Writes src/networks/golden/beyond.json: of networks that ClinicaDL does not have, what MONAI's, torchvision's and nnU-Net's give,
with the numbers of `networks_golden.py`. To add a network, add its cases to CASES: `compareToOriginal(name, "beyond")` takes those of one class.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import torch
from torch import nn
from monai.networks.nets import MedNeXt, SegResNet, SwinUNETR
from torchvision.models import convnext

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


def swin_unetr(**given):
    config = {
        "spatial_dims": 3,
        "in_channels": 1,
        "out_channels": 2,
        "depths": [2, 2, 2, 2],
        "num_heads": [3, 6, 12, 24],
        "window_size": [7, 7, 7],
        "qkv_bias": True,
        "mlp_ratio": 4.0,
        "feature_size": 24,
        "norm": "instance",
        "drop_rate": 0.0,
        "attn_drop_rate": 0.0,
        "dropout_path_rate": 0.0,
        "downsample": "merging",
        "use_v2": False,
        **given,
    }
    theirs = {**config, "norm_name": config["norm"]}
    del theirs["norm"]
    return {"name_": "SwinUNETR", **config}, lambda: SwinUNETR(**theirs)


class LayerNorm3d(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 4, 1)).permute(0, 4, 1, 2, 3)


class Permute3d(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.dims = {(0, 2, 3, 1): (0, 2, 3, 4, 1), (0, 3, 1, 2): (0, 4, 1, 2, 3)}[tuple(dims)]

    def forward(self, x):
        return x.permute(self.dims)


def in_3d(build):
    """torchvision's network with layers of 3 dimensions in the place of those of 2."""
    with (
        patch.object(nn, "Conv2d", nn.Conv3d),
        patch.object(nn, "AdaptiveAvgPool2d", nn.AdaptiveAvgPool3d),
        patch.object(convnext, "LayerNorm2d", LayerNorm3d),
        patch.object(convnext, "Permute", Permute3d),
    ):
        network = build()
    for module in network.modules():
        if isinstance(module, convnext.CNBlock):
            module.layer_scale = nn.Parameter(module.layer_scale.detach().unsqueeze(-1))
    return network


def conv_next(dims, features, blocks, layer_scale, drop):
    config = {
        "spatial_dims": dims,
        "in_channels": 3,
        "num_outputs": 2,
        "n_blocks": blocks,
        "n_features": features,
        "layer_scale": layer_scale,
        "stochastic_depth_prob": drop,
        "output_act": None,
    }
    stages = [convnext.CNBlockConfig(*sizes) for sizes in zip(features, [*features[1:], None], blocks)]

    def build():
        return convnext.ConvNeXt(stages, stochastic_depth_prob=drop, layer_scale=layer_scale, num_classes=2)

    return {"name_": "ConvNeXt", **config}, build if dims == 2 else lambda: in_3d(build)


CASES = {
    "convnext-2d": (conv_next(2, [3, 4, 6], [1, 2, 1], 0.5, 0.4), (3, 3, 19, 32)),
    "convnext-3d": (conv_next(3, [2, 4], [1, 1], 0.5, 0.0), (2, 3, 8, 9, 16)),
    "swinunetr-2d": (swin_unetr(spatial_dims=2, in_channels=2, window_size=[3, 4], depths=[2, 2, 1, 1], num_heads=[1, 2, 2, 3], feature_size=12, qkv_bias=False, mlp_ratio=1.5), (2, 2, 64, 64)),
    "swinunetr-2d-v2": (
        swin_unetr(
            spatial_dims=2,
            window_size=[5, 5],
            depths=[1, 2, 1, 1],
            num_heads=[1, 1, 1, 1],
            feature_size=12,
            norm=["group", {"num_groups": 3}],
            drop_rate=0.1,
            attn_drop_rate=0.2,
            dropout_path_rate=0.3,
            downsample="mergingv2",
            use_v2=True,
        ),
        (2, 1, 64, 32),
    ),
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
