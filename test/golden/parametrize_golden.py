"""Parametrised layers, for src/torch/nn/golden/parametrize.json, and dropout within attention.

Run with the Python that has PyTorch 2.6: npm run golden -- parametrize
"""
import json
import pathlib

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

target = pathlib.Path(__file__).parents[2] / "src/torch/nn/golden/parametrize.json"


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).T

    def right_inverse(self, x):
        return x.triu()


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        return x * self.factor


def dump(tensor):
    if tensor is None:
        return None
    return {"shape": list(tensor.shape), "data": [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]}


def state(module):
    return {key: dump(value) for key, value in module.state_dict().items()}


def symmetric():
    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    return layer


def chain():
    layer = symmetric()
    parametrize.register_parametrization(layer, "weight", Scale())
    parametrize.register_parametrization(layer, "bias", Scale())
    return layer


CASES = {
    "symmetric": (symmetric, [2, 3]),
    "chain": (chain, [2, 3]),
    "weightNorm": (lambda: parametrizations.weight_norm(nn.Conv2d(2, 3, 2)), [1, 2, 3, 3]),
    "weightNorm of dim 1": (lambda: parametrizations.weight_norm(nn.Linear(3, 2), dim=1), [2, 3]),
    "weightNorm of all": (lambda: parametrizations.weight_norm(nn.Linear(3, 2), dim=None), [2, 3]),
    "spectralNorm": (lambda: parametrizations.spectral_norm(nn.Linear(4, 3)), [2, 4]),
    "spectralNorm transposed": (lambda: parametrizations.spectral_norm(nn.ConvTranspose1d(2, 3, 2), n_power_iterations=3), [1, 2, 4]),
}


def case(index, name, make, shape):
    torch.manual_seed(300 + index)
    layer = make()
    initial = state(layer)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(index)).requires_grad_()
    output = layer(x)
    output.square().sum().backward()
    grads = {key: dump(p.grad) for key, p in layer.named_parameters()}
    after = state(layer)
    layer.eval()
    evaluated = dump(layer(x))
    weight = dump(layer.weight)
    for key in list(layer.parametrizations):
        parametrize.remove_parametrizations(layer, key)
    return {
        "name": name,
        "seed": 300 + index,
        "initial": initial,
        "input": dump(x),
        "output": dump(output),
        "inputGrad": dump(x.grad),
        "grads": grads,
        "after": after,
        "evaluated": evaluated,
        "weight": weight,
        "removed": state(layer),
    }


def attention(index, need_weights):
    torch.manual_seed(400 + index)
    layer = nn.MultiheadAttention(4, 2, dropout=0.4)
    x = torch.randn([3, 2, 4], generator=torch.Generator().manual_seed(index)).requires_grad_()
    torch.manual_seed(450 + index)
    output, weights = layer(x, x, x, need_weights=need_weights)
    output.square().sum().backward()
    return {
        "seed": 400 + index,
        "needWeights": need_weights,
        "input": dump(x),
        "output": dump(output),
        "weights": dump(weights),
        "inputGrad": dump(x.grad),
    }


golden = {
    "cases": [case(i, name, *rest) for i, (name, rest) in enumerate(CASES.items())],
    "attention": [attention(i, need) for i, need in enumerate([True, False])],
}
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
