"""A loop of one's own in PyTorch: residual 3D blocks, GroupNorm, dropout, attention pooling. usage: residual.py SETTINGS; prints JSON."""

import json
import sys

import torch
from torch import nn

from loop import measure

s = json.loads(sys.argv[1])
torch.manual_seed(0)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv3d(inputs, outputs, 3, stride=stride, padding=1)
        self.norm1 = nn.GroupNorm(4, outputs)
        self.conv2 = nn.Conv3d(outputs, outputs, 3, padding=1)
        self.norm2 = nn.GroupNorm(4, outputs)
        self.skip = nn.Conv3d(inputs, outputs, 1, stride=stride)

    def forward(self, x):
        y = torch.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return torch.relu(y + self.skip(x))


class Net(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        pairs = zip([1, *channels], channels)
        self.blocks = nn.ModuleList([Block(a, b, 1 if i == 0 else 2) for i, (a, b) in enumerate(pairs)])
        self.dropout = nn.Dropout(0.2)
        self.score = nn.Conv3d(channels[-1], 1, 1)
        self.head = nn.Linear(channels[-1], classes)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        x = self.dropout(x)
        weights = self.score(x).flatten(2).softmax(-1)
        pooled = (x.flatten(2) * weights).sum(-1)
        return self.head(pooled)


net = Net(s["channels"], 3)
x = torch.randn(s["batch"], 1, *s["shape"])
if s["channelsLast"]:
    net = net.to(memory_format=torch.channels_last_3d)
    x = x.to(memory_format=torch.channels_last_3d)
y = torch.arange(s["batch"]) % 3
optimizer = torch.optim.Adam(net.parameters())
measure(s["steps"], optimizer, lambda: nn.functional.cross_entropy(net(x), y))
