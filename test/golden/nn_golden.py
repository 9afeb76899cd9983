"""What PyTorch's layers and losses compute, for src/torch/nn/golden.test.ts.

Every case is built after a seed, so that its initial parameters test the draws; then it is run once in training mode and
its output, weighted by random numbers and summed, is differentiated.
"""

import inspect
import json
import re
from pathlib import Path

import torch
from torch import nn

torch.set_num_threads(1)

# class, positional arguments, options, shapes of the inputs
CASES = [
    ("Linear", [3, 2], {}, [[4, 3]]),
    ("Linear", [3, 2], {"bias": False}, [[2, 2, 3]]),
    ("Conv1d", [2, 4, 3], {"padding": 1, "groups": 2}, [[2, 2, 5]]),
    ("Conv1d", [1, 2, 4], {"padding": "same", "dilation": 2, "padding_mode": "replicate"}, [[1, 1, 9]]),
    ("Conv2d", [1, 2, (3, 2)], {"stride": (2, 1), "bias": False}, [[2, 1, 6, 5]]),
    ("Conv2d", [2, 2, 3], {"padding": 1, "padding_mode": "circular"}, [[1, 2, 4, 4]]),
    ("Conv2d", [1, 1, 3], {"padding": "same"}, [[1, 1, 4, 4]]),
    ("Conv3d", [1, 2, 3], {}, [[1, 1, 4, 4, 5]]),
    ("Conv3d", [2, 2, 2], {"stride": 2, "padding": (1, 0, 1), "dilation": 2}, [[1, 2, 4, 4, 5]]),
    ("ConvTranspose1d", [2, 1, 3], {"stride": 2, "output_padding": 1}, [[2, 2, 3]]),
    ("ConvTranspose2d", [2, 4, 2], {"stride": 2, "groups": 2, "bias": False}, [[1, 2, 3, 2]]),
    ("ConvTranspose3d", [2, 1, 3], {"padding": 1, "dilation": 2}, [[1, 2, 3, 2, 2]]),
    ("BatchNorm1d", [3], {}, [[4, 3]]),
    ("BatchNorm1d", [2], {"momentum": None}, [[3, 2, 4]]),
    ("BatchNorm2d", [2], {"affine": False, "eps": 0.001}, [[2, 2, 3, 2]]),
    ("BatchNorm3d", [2], {"momentum": 0.2}, [[2, 2, 2, 3, 2]]),
    ("BatchNorm3d", [2], {"track_running_stats": False}, [[2, 2, 2, 2, 2]]),
    ("SyncBatchNorm", [2], {}, [[2, 2, 2, 2, 2]]),
    ("InstanceNorm1d", [2], {}, [[2, 2, 5]]),
    ("InstanceNorm2d", [2], {"affine": True, "track_running_stats": True}, [[2, 2, 3, 3]]),
    ("InstanceNorm3d", [2], {}, [[1, 2, 3, 2, 2]]),
    ("InstanceNorm3d", [2], {"affine": True}, [[2, 3, 2, 2]]),
    ("GroupNorm", [2, 4], {}, [[2, 4, 3]]),
    ("LayerNorm", [4], {}, [[3, 4]]),
    ("LayerNorm", [(3, 2)], {"eps": 1e-06, "bias": False}, [[2, 3, 2]]),
    ("LayerNorm", [(3,)], {"elementwise_affine": False}, [[2, 3]]),
    ("MaxPool1d", [2], {}, [[1, 2, 6]]),
    ("MaxPool2d", [(3, 2)], {"stride": 1, "padding": (1, 1), "ceil_mode": True}, [[1, 1, 5, 5]]),
    ("MaxPool3d", [2], {"stride": 1, "dilation": 2}, [[1, 1, 4, 4, 4]]),
    ("AvgPool1d", [3], {"stride": 2, "padding": 1}, [[1, 2, 6]]),
    ("AvgPool2d", [2], {"padding": 1, "count_include_pad": False}, [[1, 1, 5, 4]]),
    ("AvgPool3d", [2], {"stride": (2, 2, 1)}, [[1, 1, 4, 4, 3]]),
    ("AdaptiveAvgPool1d", [2], {}, [[1, 2, 5]]),
    ("AdaptiveAvgPool2d", [(2, None)], {}, [[1, 1, 5, 3]]),
    ("AdaptiveAvgPool3d", [(1, 2, 2)], {}, [[1, 1, 3, 4, 5]]),
    ("AdaptiveMaxPool1d", [2], {}, [[1, 2, 5]]),
    ("AdaptiveMaxPool2d", [1], {}, [[1, 2, 4, 3]]),
    ("AdaptiveMaxPool3d", [2], {}, [[1, 1, 3, 4, 5]]),
    ("Upsample", [], {"scale_factor": 2}, [[1, 1, 2, 2, 2]]),
    ("Upsample", [], {"size": 5}, [[1, 2, 3]]),
    ("Upsample", [], {"size": (4, 3), "mode": "bilinear"}, [[1, 1, 3, 2]]),
    ("Upsample", [], {"scale_factor": 2, "mode": "bicubic", "align_corners": True}, [[1, 1, 3, 3]]),
    ("Upsample", [], {"scale_factor": 1.5, "mode": "linear"}, [[1, 1, 4]]),
    ("Upsample", [], {"scale_factor": (2, 1.5, 1), "mode": "trilinear"}, [[1, 1, 2, 3, 2]]),
    ("Upsample", [], {"scale_factor": 2, "mode": "nearest-exact"}, [[1, 1, 3, 2]]),
    ("Upsample", [], {"scale_factor": 0.5, "mode": "area"}, [[1, 1, 4, 4]]),
    ("Flatten", [], {}, [[2, 3, 2]]),
    ("Flatten", [0, 1], {}, [[2, 3, 2]]),
    ("Identity", [], {}, [[2, 2]]),
    ("ReLU", [], {}, [[3, 4]]),
    ("ReLU", [], {"inplace": True}, [[3, 4]]),
    ("ReLU6", [], {}, [[3, 4]]),
    ("ELU", [0.5], {}, [[3, 4]]),
    ("LeakyReLU", [], {}, [[3, 4]]),
    ("LeakyReLU", [0.2], {"inplace": True}, [[3, 4]]),
    ("PReLU", [], {}, [[3, 4]]),
    ("PReLU", [3], {"init": 0.1}, [[2, 3, 2]]),
    ("SELU", [], {}, [[3, 4]]),
    ("CELU", [2.0], {}, [[3, 4]]),
    ("GELU", [], {}, [[3, 4]]),
    ("GELU", ["tanh"], {}, [[3, 4]]),
    ("Sigmoid", [], {}, [[3, 4]]),
    ("Tanh", [], {}, [[3, 4]]),
    ("SiLU", [], {}, [[3, 4]]),
    ("Softplus", [], {}, [[3, 4]]),
    ("Mish", [], {}, [[3, 4]]),
    ("Softmax", [], {}, [[3, 4]]),
    ("Softmax", [-1], {}, [[2, 3, 2]]),
    ("Softmax", [], {}, [[2, 3, 2]]),
    ("LogSoftmax", [1], {}, [[3, 4]]),
    ("MultiheadAttention", [4, 2], {}, ["self", [3, 2, 4]]),
    ("MultiheadAttention", [4, 2], {"bias": False, "batch_first": True}, ["self", [2, 3, 4]]),
    (
        "MultiheadAttention",
        [4, 2],
        {"kdim": 3, "vdim": 5, "add_bias_kv": True, "add_zero_attn": True},
        [[3, 2, 4], [2, 2, 3], [2, 2, 5]],
    ),
    ("MultiheadAttention", [4, 1], {}, [[3, 4], [2, 4], [2, 4]]),
    ("Dropout1d", [], {}, [[3, 4, 2]]),
    ("Dropout1d", [0.3], {}, [[6, 3]]),
    ("Dropout2d", [0.25], {}, [[3, 4, 2, 2]]),
    ("Dropout2d", [0.5], {"inplace": True}, [[2, 4, 3]]),
    ("Dropout3d", [], {}, [[2, 5, 2, 1, 2]]),
    ("Dropout3d", [0.4], {}, [[7, 2, 2, 2]]),
    ("Dropout3d", [1.0], {}, [[2, 2, 2, 1, 2]]),
    ("Embedding", [5, 3], {}, ["index", 5, [2, 4]]),
    ("Embedding", [4, 2], {"padding_idx": -1, "scale_grad_by_freq": True}, ["index", 4, [6]]),
    ("Embedding", [4, 2], {"padding_idx": 0, "max_norm": 0.5, "norm_type": 1.0}, ["index", 4, [3, 2]]),
    ("PixelShuffle", [2], {}, [[1, 8, 2, 3]]),
    ("PixelUnshuffle", [2], {}, [[2, 1, 4, 2]]),
    ("RMSNorm", [4], {}, [[3, 4]]),
    ("RMSNorm", [(3, 2)], {"eps": 1e-3, "elementwise_affine": False}, [[2, 3, 2]]),
]
SPATIAL = {1: [5], 2: [4, 5], 3: [3, 4, 5]}
for dims, spatial in SPATIAL.items():
    sides = (1, 2, 2, 1, 0, 1)[: 2 * dims]
    CASES += [
        (f"ConstantPad{dims}d", [sides, 1.5], {}, [[1, 2, *spatial]]),
        (f"ConstantPad{dims}d", [-1, 2], {}, [[2, *spatial]]),
        (f"ZeroPad{dims}d", [sides], {}, [[2, 1, *spatial]]),
        (f"ReflectionPad{dims}d", [sides], {}, [[1, 2, *spatial]]),
        (f"ReplicationPad{dims}d", [sides], {}, [[2, *spatial]]),
        (f"CircularPad{dims}d", [1], {}, [[1, 2, *spatial]]),
    ]

# class, options, shape of the input, what the target is
LOSSES = []
for reduction in ("mean", "sum", "none"):
    for name in ("L1Loss", "MSELoss", "SmoothL1Loss", "HuberLoss"):
        LOSSES.append((name, {"reduction": reduction}, [3, 2], "normal"))
    LOSSES += [
        ("SmoothL1Loss", {"reduction": reduction, "beta": 0.3}, [3, 2], "normal"),
        ("HuberLoss", {"reduction": reduction, "delta": 0.3}, [3, 2], "normal"),
        ("BCELoss", {"reduction": reduction, "weight": [0.5, 2.0]}, [3, 2], "unit"),
        ("BCEWithLogitsLoss", {"reduction": reduction, "pos_weight": [3.0, 1.0]}, [3, 2], "unit"),
        ("BCEWithLogitsLoss", {"reduction": reduction, "weight": [3.0, 1.0]}, [3, 2], "unit"),
        ("NLLLoss", {"reduction": reduction, "weight": [1.0, 2.0, 0.5], "ignore_index": 1}, [4, 3], "class"),
        ("NLLLoss", {"reduction": reduction}, [2, 3, 2], "class"),
        ("CrossEntropyLoss", {"reduction": reduction, "weight": [1.0, 2.0, 0.5]}, [4, 3], "class"),
        ("CrossEntropyLoss", {"reduction": reduction, "label_smoothing": 0.1}, [2, 3, 2], "class"),
        ("CrossEntropyLoss", {"reduction": reduction}, [4, 3], "softmax"),
        ("MultiMarginLoss", {"reduction": reduction, "p": 2, "margin": 0.5}, [4, 3], "class"),
        ("MultiMarginLoss", {"reduction": reduction, "weight": [1.0, 2.0, 0.5]}, [4, 3], "class"),
        ("KLDivLoss", {"reduction": reduction}, [4, 3], "softmax"),
    ]
LOSSES += [
    ("KLDivLoss", {"reduction": "batchmean"}, [4, 3], "softmax"),
    ("KLDivLoss", {"log_target": True}, [4, 3], "normal"),
]

INITS = [
    ("uniform_", {"a": -2.0, "b": 0.5}, [2, 3]),
    ("normal_", {"mean": 1.0, "std": 0.1}, [3, 7]),
    ("trunc_normal_", {"std": 0.5, "a": -1.0, "b": 0.7}, [3, 3]),
    ("xavier_uniform_", {"gain": 1.5}, [3, 2, 2]),
    ("xavier_normal_", {}, [4, 5]),
    ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "relu"}, [3, 2, 2]),
    ("kaiming_normal_", {"a": 0.3}, [4, 5]),
    ("orthogonal_", {"gain": 2.0}, [2, 4]),
    ("orthogonal_", {}, [4, 3]),
]


def camel(name):
    return re.sub(r"(?<=[a-z0-9])_([a-z0-9])", lambda m: m.group(1).upper(), name)


def options(kwargs):
    return {camel(key): value for key, value in kwargs.items()}


def dump(tensor):
    if tensor is None:
        return None
    flat = tensor.detach().flatten().tolist()
    # nine digits hold a float32 exactly
    return {"shape": list(tensor.shape), "data": [float(f"{x:.9g}") if isinstance(x, float) else x for x in flat]}


def layer_case(index, name, args, kwargs, shapes):
    seed = 100 + index
    torch.manual_seed(seed)
    layer = getattr(nn, name)(*args, **kwargs)
    initial = {key: dump(value) for key, value in layer.state_dict().items()}
    generator = torch.Generator().manual_seed(seed)
    itself = shapes[0] == "self"
    index = shapes[0] == "index"
    if index:
        inputs = [torch.randint(shapes[1], shapes[2], generator=generator)]
    else:
        inputs = [
            torch.randn(shape, generator=generator).mul_(2).requires_grad_()
            for shape in (shapes[1:] if itself else shapes)
        ]
    given = [x.clone() if kwargs.get("inplace") else x for x in (inputs * 3 if itself else inputs)]
    torch.manual_seed(seed + 1)
    output = layer(*given)
    outputs = [y for y in (output if isinstance(output, tuple) else (output,)) if y is not None]
    cotangents = [torch.randn(y.shape, generator=generator) for y in outputs]
    torch.autograd.backward(outputs, cotangents)
    return {
        "class": name,
        "args": args,
        "options": options(kwargs),
        "seed": seed,
        "self": itself,
        "index": index,
        "repr": repr(layer),
        "initial": initial,
        "inputs": [dump(x) for x in inputs],
        "outputs": [dump(y) for y in outputs],
        "cotangents": [dump(c) for c in cotangents],
        "inputGrads": [dump(x.grad) for x in inputs],
        "grads": {key: dump(p.grad) for key, p in layer.named_parameters()},
        "buffers": {key: dump(b) for key, b in layer.named_buffers()},
    }


def target_of(kind, shape, generator):
    if kind == "normal":
        return torch.randn(shape, generator=generator)
    if kind == "unit":
        return torch.rand(shape, generator=generator)
    if kind == "softmax":
        return torch.softmax(torch.randn(shape, generator=generator), 1)
    return torch.randint(shape[1], [shape[0], *shape[2:]], generator=generator)


def loss_case(index, name, kwargs, shape, kind):
    generator = torch.Generator().manual_seed(500 + index)
    weights = {"weight", "pos_weight"}
    loss = getattr(nn, name)(**{k: torch.tensor(v) if k in weights else v for k, v in kwargs.items()})
    x = torch.randn(shape, generator=generator)
    if name == "BCELoss":
        x = torch.sigmoid(x)
    if name in ("NLLLoss", "KLDivLoss"):
        x = torch.log_softmax(x, 1)
    x = x.detach().requires_grad_()
    target = target_of(kind, shape, generator)
    output = loss(x, target)
    output.sum().backward()
    return {
        "class": name,
        "options": options(kwargs),
        "classes": kind == "class",
        "repr": repr(loss),
        "input": dump(x),
        "target": dump(target),
        "output": dump(output),
        "inputGrad": dump(x.grad),
    }


def init_case(index, name, kwargs, shape):
    torch.manual_seed(900 + index)
    value = getattr(nn.init, name)(torch.empty(shape), **kwargs)
    return {"name": camel(name.rstrip("_")) + "_", "options": kwargs, "seed": 900 + index, "shape": shape, "value": dump(value)}


def clip_case(index, max_norm, norm_type):
    generator = torch.Generator().manual_seed(700 + index)
    params = [nn.Parameter(torch.zeros(shape)) for shape in ([2, 3], [4], [2])]
    for p in params[:2]:
        p.grad = torch.randn(p.shape, generator=generator)
    gradients = [dump(p.grad) for p in params]
    norm = nn.utils.clip_grad_norm_(params, max_norm, norm_type=norm_type)
    return {
        "maxNorm": max_norm,
        "normType": str(norm_type),
        "gradients": gradients,
        "norm": dump(norm),
        "clipped": [dump(p.grad) for p in params],
    }


# deprecated, or not offered
LEFT_OUT = {"size_average", "reduce", "return_indices", "device", "dtype", "sparse", "_weight", "_freeze"}
LEFT_OUT |= {"divisor_override", "process_group"}


def signature(name):
    names = [p.name for p in inspect.signature(getattr(nn, name)).parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
    # transposed convolutions take zeros as the padding mode only
    left_out = LEFT_OUT | {"padding_mode"} if "Transpose" in name else LEFT_OUT
    return [camel(n) for n in names if n not in left_out]


golden = {
    "torch": torch.__version__,
    "layers": [layer_case(i, *case) for i, case in enumerate(CASES)],
    "losses": [loss_case(i, *case) for i, case in enumerate(LOSSES)],
    "inits": [init_case(i, *case) for i, case in enumerate(INITS)],
    "signatures": {name: signature(name) for name in sorted({case[0] for case in CASES + LOSSES} - {"Identity"})},
    "clips": [clip_case(i, *case) for i, case in enumerate([(1.0, 2.0), (100.0, 2.0), (0.5, 1.0), (0.3, float("inf"))])],
}
target = Path(__file__).parents[2] / "src" / "torch" / "nn" / "golden" / "nn.json"
with target.open("w") as file:
    for part in json.JSONEncoder(separators=(",", ":")).iterencode(golden):
        file.write(part)
    file.write("\n")
