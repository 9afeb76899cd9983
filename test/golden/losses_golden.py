"""Writes src/losses/golden/losses.json with MONAI 1.5: values and gradients of the losses that PyTorch lacks."""

import json
from functools import partial
from pathlib import Path

import monai
import torch
from monai.losses import ContrastiveLoss, DiceCELoss, DiceFocalLoss, DiceLoss, FocalLoss, GeneralizedDiceLoss, HausdorffDTLoss, SSIMLoss, TverskyLoss

OUT = Path(__file__).parents[2] / "src" / "losses" / "golden" / "losses.json"

g = torch.Generator().manual_seed(0)


def digits(*shape):
    """Targets that float32 holds, as our losses get them."""
    return (torch.rand(*shape, generator=g) * 1024).round() / 1024


logits = torch.randn(3, 3, 4, 3, 2, generator=g, dtype=torch.float64)
DATA = {
    "classes": (logits, torch.randint(0, 3, (3, 1, 4, 3, 2), generator=g)),
    "channels": (logits, torch.randint(0, 2, (3, 3, 4, 3, 2), generator=g)),
    "one channel": (logits[:, :1], torch.randint(0, 2, (3, 1, 4, 3, 2), generator=g)),
    "indices of a plane": (logits[..., 0], torch.randint(0, 3, (3, 1, 4, 3), generator=g)),
    "saturated": (logits * 60, torch.randint(0, 3, (3, 1, 4, 3, 2), generator=g)),
    "no lesion": (logits, torch.zeros(3, 1, 4, 3, 2, dtype=torch.int64)),
    "empty": (logits[:, :2].sigmoid(), torch.zeros(3, 2, 4, 3, 2)),
}
DATA |= {
    "volumes": (torch.rand(2, 2, 5, 6, 4, generator=g, dtype=torch.float64), digits(2, 2, 5, 6, 4)),
    "planes": (torch.rand(3, 1, 6, 5, generator=g, dtype=torch.float64), digits(3, 1, 6, 5)),
    "even planes": (torch.full((2, 1, 5, 5), 0.25, dtype=torch.float64), torch.full((2, 1, 5, 5), 0.5)),
    "embeddings": (torch.randn(4, 5, generator=g, dtype=torch.float64), digits(4, 5) - 0.5),
    "one embedding": (torch.randn(1, 5, generator=g, dtype=torch.float64), digits(1, 5)),
    "embeddings of which one is 0": (torch.eye(3, dtype=torch.float64) * torch.tensor([1.0, 0.0, 2.0]), digits(3, 3)),
}
CASES = []
# MONAI makes much float32 (in the focal, Hausdorff and SSIM losses), which is less than the tests compare
torch.set_default_dtype(torch.double)
torch.float = torch.double
torch.Tensor.float = torch.Tensor.double
monai.losses.hausdorff_loss.one_hot = partial(monai.networks.one_hot, dtype=torch.double)


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

for Loss in (TverskyLoss, GeneralizedDiceLoss):
    for data in ("classes", "indices of a plane", "saturated", "no lesion"):
        add(Loss.__name__, data, Loss, softmax=True, to_onehot_y=True)
    for reduction in ("mean", "sum"):
        add(Loss.__name__, "channels", Loss, sigmoid=True, reduction=reduction, include_background=False)
        add(Loss.__name__, "one channel", Loss, sigmoid=True, reduction=reduction)
        add(Loss.__name__, "classes", Loss, softmax=True, to_onehot_y=True, batch=True, reduction=reduction, smooth_nr=0.1, smooth_dr=0.2)
    add(Loss.__name__, "empty", Loss)
add("TverskyLoss", "classes", TverskyLoss, softmax=True, to_onehot_y=True, alpha=0.3, beta=0.7)
add("GeneralizedDiceLoss", "classes", GeneralizedDiceLoss, softmax=True, to_onehot_y=True, w_type="simple")
add("GeneralizedDiceLoss", "no lesion", GeneralizedDiceLoss, softmax=True, to_onehot_y=True, w_type="simple", batch=True)
add("GeneralizedDiceLoss", "channels", GeneralizedDiceLoss, sigmoid=True, w_type="uniform")

for data in ("classes", "indices of a plane", "saturated", "no lesion"):
    for use_softmax in (True, False):
        add("FocalLoss", data, FocalLoss, to_onehot_y=True, use_softmax=use_softmax)
for reduction in ("mean", "sum"):
    add("FocalLoss", "channels", FocalLoss, reduction=reduction, gamma=1.5, alpha=0.25)
    add("FocalLoss", "one channel", FocalLoss, reduction=reduction)
    add("FocalLoss", "classes", FocalLoss, reduction=reduction, to_onehot_y=True, use_softmax=True, alpha=0.75, weight=[1.0, 2.0, 3.0])
add("FocalLoss", "classes", FocalLoss, to_onehot_y=True, use_softmax=True, include_background=False, weight=[1.0, 3.0])

for data in ("classes", "indices of a plane", "saturated", "no lesion"):
    add("DiceCELoss", data, DiceCELoss, softmax=True, to_onehot_y=True, lambda_ce=2.0)
for reduction in ("mean", "sum"):
    add("DiceCELoss", "one channel", DiceCELoss, sigmoid=True, reduction=reduction, lambda_dice=0.5)
    add("DiceCELoss", "classes", DiceCELoss, softmax=True, to_onehot_y=True, batch=True, include_background=False, reduction=reduction)

for data in ("classes", "indices of a plane", "saturated", "no lesion"):
    add("DiceFocalLoss", data, DiceFocalLoss, softmax=True, to_onehot_y=True, lambda_focal=2.0)
    add("HausdorffDTLoss", data, HausdorffDTLoss, softmax=True, to_onehot_y=True)
for reduction in ("mean", "sum"):
    add("DiceFocalLoss", "one channel", DiceFocalLoss, sigmoid=True, reduction=reduction, lambda_dice=0.5, alpha=0.25, gamma=1.5)
    add("DiceFocalLoss", "classes", DiceFocalLoss, softmax=True, to_onehot_y=True, batch=True, include_background=False, reduction=reduction, weight=[1.0, 3.0])
    add("HausdorffDTLoss", "one channel", HausdorffDTLoss, sigmoid=True, reduction=reduction)
    add("HausdorffDTLoss", "channels", HausdorffDTLoss, sigmoid=True, include_background=True, reduction=reduction, alpha=1.5)
    add("HausdorffDTLoss", "classes", HausdorffDTLoss, softmax=True, to_onehot_y=True, batch=True, reduction=reduction)
add("HausdorffDTLoss", "empty", HausdorffDTLoss, include_background=True)

for reduction in ("mean", "sum"):
    add("SSIMLoss", "volumes", SSIMLoss, spatial_dims=3, win_size=3, reduction=reduction)
    add("SSIMLoss", "planes", SSIMLoss, spatial_dims=2, win_size=[4, 3], kernel_sigma=[1.0, 0.7], data_range=2.0, reduction=reduction)
    add("SSIMLoss", "even planes", SSIMLoss, spatial_dims=2, win_size=5, kernel_type="uniform", reduction=reduction)
add("SSIMLoss", "volumes", SSIMLoss, spatial_dims=3, win_size=[5, 2, 3], kernel_type="uniform", k1=0.1, k2=0.2)
for data in ("embeddings", "one embedding", "embeddings of which one is 0"):
    add("ContrastiveLoss", data, ContrastiveLoss)
    add("ContrastiveLoss", data, ContrastiveLoss, temperature=0.1)

data = {key: {"output": o.tolist(), "target": t.tolist()} for key, (o, t) in DATA.items()}
OUT.write_text(json.dumps({"data": data, "cases": CASES}) + "\n")
