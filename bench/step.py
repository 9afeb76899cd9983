"""One training step in PyTorch eager: Conv-BatchNorm-ReLU-MaxPool ×4, Adam. usage: step.py SETTINGS; prints JSON."""

import json
import sys

import torch
from torch import nn

from loop import measure

s = json.loads(sys.argv[1])
device = s.get("device", "cpu")
torch.manual_seed(0)
layers, channels = [], [1, *s["channels"]]
for i in range(len(s["channels"])):
    layers += [nn.Conv3d(channels[i], channels[i + 1], 3, padding=1), nn.BatchNorm3d(channels[i + 1]), nn.ReLU(), nn.MaxPool3d(2)]
features = channels[-1]
for length in s["shape"]:
    features *= length // 2 ** len(s["channels"])
net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, 1)).to(device, memory_format=torch.channels_last_3d)
optimizer = torch.optim.Adam(net.parameters())
x = torch.randn(s["batch"], 1, *s["shape"]).to(device)
y = (torch.arange(s["batch"]) % 2).float().view(-1, 1).to(device)
if s.get("compile"):
    net = torch.compile(net)


def forward():
    with torch.autocast(device, enabled=s.get("amp", False)):
        return nn.functional.binary_cross_entropy_with_logits(net(x), y)


measure(s["steps"], optimizer, forward)
