"""Writes src/torch/nn/golden/summary.json: how torchinfo describes networks that ClinicaDL does not have."""

import json
from pathlib import Path

import torch
from torch import nn
from torchinfo import summary

OUT = Path(__file__).parents[2] / "src" / "torch" / "nn" / "golden" / "summary.json"


class Block(nn.Module):
    """One activation that runs twice, a weight of its own, a layer that is known by two names, and one that is frozen."""

    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1, 1, 1))
        self.conv1 = nn.Conv3d(channels, channels, 3, padding=1)
        self.act = nn.ReLU()
        self.conv2 = nn.Conv3d(channels, channels, 1, bias=False)
        self.all = nn.Sequential(self.conv1, self.act, self.conv2, self.act)
        self.conv2.weight.requires_grad_(False)

    def forward(self, x):
        return self.scale * self.all(x) + x


class Several(nn.Module):
    """A layer that runs twice, and two outputs."""

    def __init__(self):
        super().__init__()
        self.stages = nn.ModuleList([Block(4), nn.Sequential(nn.Sequential(nn.Sequential(nn.BatchNorm3d(4), nn.ConvTranspose3d(4, 2, 2, stride=2))))])
        self.stem = nn.Conv3d(1, 4, 3, groups=1)
        self.shared = nn.Conv3d(2, 2, 1)
        self.unused = nn.Linear(3, 3)

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        x = self.shared(x)
        return self.shared(x), x


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.fc = nn.Linear(8, 1000)

    def forward(self, x):
        return self.fc(self.norm(self.attention(x, x, x, need_weights=False)[0]))


golden = {}
for name, network, shape in (("Several", Several(), (2, 1, 6, 7, 8)), ("Attention", Attention(), (2, 5, 8))):
    golden[name] = {str(depth): str(summary(network, input_data=torch.zeros(shape), depth=depth, verbose=0)) for depth in (1, 3, 5)}
OUT.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
