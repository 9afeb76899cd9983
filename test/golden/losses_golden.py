"""Writes src/losses/golden/losses.json with MONAI 1.5: values and gradients of the losses that PyTorch lacks."""

import json
from pathlib import Path

import torch
from monai.losses import DiceLoss

OUT = Path(__file__).parents[2] / "src" / "losses" / "golden" / "losses.json"

g = torch.Generator().manual_seed(0)
logits = torch.randn(3, 3, 4, 3, 2, generator=g, dtype=torch.float64)
DATA = {
    "classes": (logits, torch.randint(0, 3, (3, 1, 4, 3, 2), generator=g)),
    "channels": (logits, torch.randint(0, 2, (3, 3, 4, 3, 2), generator=g)),
    "one channel": (logits[:, :1], torch.randint(0, 2, (3, 1, 4, 3, 2), generator=g)),
    "empty": (logits[:, :2].sigmoid(), torch.zeros(3, 2, 4, 3, 2)),
}
CASES = []


def add(name, data, loss, **options):
    """One case: options in Python's spelling, which our config reads as JSON."""
    output, target = DATA[data]
    output = output.clone().requires_grad_()
    value = loss(**options)(output, target.to(output.dtype))
    value.backward()
    CASES.append({"name": name, "data": data, "options": options, "value": value.item(), "grad": output.grad.flatten().tolist()})


for reduction in ("mean", "sum"):
    add("DiceLoss", "classes", DiceLoss, softmax=True, to_onehot_y=True, reduction=reduction)
    add("DiceLoss", "channels", DiceLoss, sigmoid=True, reduction=reduction)
    add("DiceLoss", "one channel", DiceLoss, sigmoid=True, reduction=reduction, squared_pred=True)
add("DiceLoss", "classes", DiceLoss, softmax=True, to_onehot_y=True, include_background=False, weight=[1.0, 3.0])
add("DiceLoss", "classes", DiceLoss, softmax=True, to_onehot_y=True, jaccard=True, batch=True)
add("DiceLoss", "channels", DiceLoss, sigmoid=True, squared_pred=True, jaccard=True, weight=[0.5, 1.0, 2.0], smooth_nr=0.1, smooth_dr=0.2)
add("DiceLoss", "channels", DiceLoss, sigmoid=True, batch=True, include_background=False)
add("DiceLoss", "empty", DiceLoss)

data = {key: {"output": o.tolist(), "target": t.tolist()} for key, (o, t) in DATA.items()}
OUT.write_text(json.dumps({"data": data, "cases": CASES}) + "\n")
