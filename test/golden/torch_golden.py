"""Writes src/torch/golden/torch.json: random streams, printing and a few gradients, as PyTorch gives them."""

import json
from pathlib import Path

import torch

out = {}

torch.manual_seed(42)
streams = {
    "uniform_": torch.empty(5).uniform_().tolist(),
    "randn": torch.randn(20).tolist(),
    "randn_small": torch.randn(3).tolist(),
    "randperm": torch.randperm(9).tolist(),
    "randint": torch.randint(0, 100, (6,)).tolist(),
    "normal_": torch.empty(4, dtype=torch.float64).normal_(2, 3).tolist(),
}
g = torch.Generator().manual_seed(7)
streams["generator_randperm"] = torch.randperm(11, generator=g).tolist()
out["streams"] = streams

torch.manual_seed(42)
out["dropout"] = torch.nn.functional.dropout(torch.ones(5, 9), 0.3).tolist()
out["after_dropout"] = torch.rand(2).tolist()

printed = {
    "scalar": torch.tensor(3.5),
    "vector": torch.tensor([1.0, 2.5, -3.25]),
    "whole": torch.tensor([1.0, 2.0, -3.0]),
    "matrix": torch.tensor([[1.0, 2.0], [3.5, 4.0]]),
    "cube": torch.arange(24, dtype=torch.float32).reshape(2, 3, 4),
    "ints": torch.tensor([[1, 22], [333, 4]]),
    "bools": torch.tensor([True, False]),
    "double": torch.tensor([1.5, 2.5], dtype=torch.float64),
    "small": torch.tensor([1e-5, 1.0, 2.0]),
    "large": torch.tensor([1e10, 1.0]),
    "special": torch.tensor([float("nan"), float("inf"), -float("inf"), 1.5]),
    "long": torch.arange(2000, dtype=torch.float32),
    "wide": torch.arange(40, dtype=torch.float32) / 7,
    "square": torch.arange(10000, dtype=torch.float32).reshape(100, 100),
    "empty": torch.zeros(0),
    "empty2": torch.zeros(2, 0),
    "zeros": torch.zeros(2, 2),
    "half": torch.tensor([1.5, 2.5], dtype=torch.float16),
    "complex": torch.tensor([1 + 2j, -0.5 - 1j]),
    "grad": torch.tensor([1.0], requires_grad=True),
    "grad_fn": torch.tensor([1.0], requires_grad=True).exp(),
}
out["printed"] = {name: str(value) for name, value in printed.items()}

x = torch.linspace(-2, 2, 12).reshape(3, 4).requires_grad_()
w = torch.linspace(-1, 1, 8).reshape(2, 4).requires_grad_()
y = torch.nn.functional.gelu(torch.nn.functional.linear(x, w)).softmax(1)
(y * torch.arange(6.0).reshape(3, 2)).sum().backward()
out["gradients"] = {"y": y.tolist(), "x": x.grad.tolist(), "w": w.grad.tolist()}

path = Path(__file__).resolve().parents[2] / "src/torch/golden/torch.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps(out, indent=1) + "\n")
