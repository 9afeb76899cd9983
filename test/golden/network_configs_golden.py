"""Writes src/networks/golden/configs.json with the original ClinicaDL 2.0.0.

Of each config class of a network: the JSON file as the original writes it, and which values each field accepts.
"""

import json
import warnings
from pathlib import Path

from clinicadl.networks import config as networks
from configs_common import text, tried

warnings.filterwarnings("ignore")
OUT = Path(__file__).parents[2] / "src" / "networks" / "golden" / "configs.json"

NUMBERS = [-1, 0, 0.5, 1, 1.5, 2, 3, 4]
LISTS = [[], [2], [2, 3], [2, 3, 4], [1, 8, 8], [1, 8, 8, 8], [1, 8, 8, 8, 8], [0, 1], [-1, 1], [0.5, 1], [[2, 2], [3, 3]], [1, [2, 2]]]
PARAMETERS = {"max": {"kernel_size": 2}, "avg": {}, "adaptiveavg": {"output_size": 2}, "upsample": {"scale_factor": 2}, "convtranspose": {"kernel_size": 2}}
WORDS = (
    "relu prelu leakyrelu elu celu gelu mish ReLU softmax batch instance layer group syncbatch nearest linear bilinear trilinear convtranspose "
    "basic bottleneck learnable sincos tanh max NDA ADN AN NN XD none"
).split()
PAIRS = [
    ["relu", {"inplace": True}],
    ["leakyrelu", {"negative_slope": 0.5}],
    ["group", {"num_groups": 2}],
    ["batch", {"eps": 0.5}],
    ["relu"],
    *([name, given] for name, given in PARAMETERS.items()),
    ["max", {}],
    ["adaptivemax", {"output_size": [2, 2]}],
    ["min", {"kernel_size": 2}],
]
VALUES = [None, True, *NUMBERS, *LISTS, *WORDS, *PAIRS, [["max", {"kernel_size": 2}], ["avg", {"kernel_size": 2}]]]

conv = {"channels": [2, 3]}
SIZED = {"in_shape": [1, 8, 8], "latent_size": 4, "conv_args": conv}
BLOCKS = {"spatial_dims": 2, "in_channels": 1, "num_outputs": 2}
REQUIRED = {
    "MLP": {"num_inputs": 4, "num_outputs": 2, "hidden_dims": [3]},
    "ConvEncoder": {"spatial_dims": 2, "in_channels": 1, **conv},
    "ConvDecoder": {"spatial_dims": 2, "in_channels": 1, **conv},
    "CNN": {"in_shape": [1, 8, 8], "num_outputs": 2, "conv_args": conv},
    "Generator": {"latent_size": 4, "start_shape": [1, 8, 8], "conv_args": conv},
    "AutoEncoder": SIZED,
    "VAE": SIZED,
    "DenseNet": BLOCKS,
    "ResNet": BLOCKS,
    "SEResNet": BLOCKS,
    "UNet": {"spatial_dims": 2, "in_channels": 1, "out_channels": 2},
    "AttentionUNet": {"spatial_dims": 2, "in_channels": 1, "out_channels": 2},
    "ViT": {"in_shape": [1, 8, 8], "patch_size": 4, "num_outputs": 2},
}
NAMED = [f"{name}{number}" for name, numbers in {
    "DenseNet": (121, 161, 169, 201),
    "ResNet": (18, 34, 50, 101, 152),
    "SEResNet": (50, 101, 152),
    "ViT": ("B16", "B32", "L16", "L32"),
}.items() for number in numbers]


def described(name, required):
    cls = getattr(networks, f"{name}Config")
    fields = [tried(cls, field, VALUES, required) for field in cls.model_fields if field not in ("conv_args", "mlp_args")]
    return {"name": cls.__name__, "required": required, "json": text(cls(**required)), "fields": fields}


classes = [described(name, required) for name, required in {**REQUIRED, **{name: {"num_outputs": 2} for name in NAMED}}.items()]
OUT.write_text(json.dumps({"classes": classes, "files": []}, separators=(",", ":")) + "\n")
