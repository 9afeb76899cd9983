"""Writes src/losses/golden/losses.json with MONAI 1.5: values and gradients of the losses that PyTorch lacks.

Those that MONAI lacks, too, are written here as sums over samples, one by one: Cox's partial likelihood as in Efron (1977) and Breslow (1974), with
the numbers of statsmodels' PHReg; CORN as in Shi, Cao and Raschka (2021), with those of coral-pytorch.
The loss of variational autoencoders is made of PyTorch's losses and distributions.
"""

import json
from functools import partial
from pathlib import Path

import monai
import torch
from monai.losses import ContrastiveLoss, DiceCELoss, DiceFocalLoss, DiceLoss, FocalLoss, GeneralizedDiceLoss, HausdorffDTLoss, SSIMLoss, TverskyLoss
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

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
times = torch.tensor([5.0, 3, 3, 8, 3, 1, 8, 5, 3, 2])
events = torch.tensor([1.0, 1, 0, 1, 1, 0, 1, 0, 1, 1])
risks = torch.randn(10, 1, generator=g, dtype=torch.float64)
four = torch.randn(9, 3, generator=g, dtype=torch.float64)
DATA |= {
    "times with ties": (risks, torch.stack([times, events], 1)),
    "times in one column": (risks, (times * (2 * events - 1))[:, None]),
    "times without ties": (risks * 3, torch.stack([torch.randperm(10, generator=g) + 0.5, events], 1)),
    "all at once": (risks, torch.ones(10, 2)),
    "four classes in order": (four, torch.tensor([[0], [3], [1], [2], [3], [0], [1], [1], [2]])),
    "two classes in order": (four[:, :1], torch.tensor([[0], [1], [1], [0], [1], [0], [1], [1], [0]])),
    "the first class only": (four, torch.zeros(9, 1)),
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


class CoxPH:
    def __init__(self, ties="efron", reduction="mean"):
        self.ties, self.reduction = ties, reduction

    def __call__(self, output, target):
        risk = output.flatten()
        times, events = target.T.tolist() if target.shape[1] == 2 else (target.abs().flatten().tolist(), (target >= 0).flatten().tolist())
        terms = []
        for time in sorted({t for t, event in zip(times, events) if event}):
            tied = [i for i, (t, event) in enumerate(zip(times, events)) if t == time and event]
            at_risk = sum(risk[j].exp() for j, t in enumerate(times) if t >= time)
            leaving = sum(risk[j].exp() for j in tied)
            for k, i in enumerate(tied):
                gone = k / len(tied) * leaving if self.ties == "efron" else 0
                terms.append((at_risk - gone).log() - risk[i])
        return sum(terms) / (len(terms) if self.reduction == "mean" else 1)


class Corn:
    def __init__(self, num_classes, reduction="mean"):
        self.num_classes, self.reduction = num_classes, reduction

    def __call__(self, output, target):
        terms = []
        for logits, label in zip(output, target.flatten().tolist()):
            for k in range(min(int(label) + 1, self.num_classes - 1)):
                beyond = logits[k].sigmoid()
                terms.append(-(beyond if label > k else 1 - beyond).log())
        return sum(terms) / (len(terms) if self.reduction == "mean" else 1)


for ties in ("efron", "breslow"):
    for data in ("times with ties", "times in one column", "times without ties", "all at once"):
        add("CoxPHLoss", data, CoxPH, ties=ties)
    add("CoxPHLoss", "times with ties", CoxPH, ties=ties, reduction="sum")
for reduction in ("mean", "sum"):
    add("CornLoss", "four classes in order", Corn, num_classes=4, reduction=reduction)
    add("CornLoss", "two classes in order", Corn, num_classes=2, reduction=reduction)
add("CornLoss", "the first class only", Corn, num_classes=4)


def elbo(reconstruction, beta, reduction):
    """What a variational autoencoder loses, with PyTorch's divergence of distributions."""
    of_voxels = {"mse": F.mse_loss, "l1": F.l1_loss, "bce_with_logits": F.binary_cross_entropy_with_logits}[reconstruction]
    image, mu, log_var = outputs = [x.clone().requires_grad_() for x in ELBO["outputs"]]
    error = of_voxels(image, ELBO["target"].double(), reduction="none").sum((1, 2, 3, 4))
    divergence = kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(0.0, 1.0)).sum(1)
    losses = error + beta * divergence
    value = losses.mean() if reduction == "mean" else losses.sum()
    value.backward()
    options = {"reconstruction": reconstruction, "beta": beta, "reduction": reduction}
    return {"options": options, "value": value.item(), "grads": [x.grad.flatten().tolist() for x in outputs]}


shapes = ((3, 1, 2, 3, 2), (3, 4), (3, 4))
ELBO = {"outputs": [torch.randn(*shape, generator=g) for shape in shapes], "target": digits(*shapes[0])}
elbos = [elbo(*options) for options in (("mse", 1.0, "mean"), ("l1", 4.0, "sum"), ("bce_with_logits", 0.0, "mean"), ("bce_with_logits", 0.5, "sum"))]
elbos = {"outputs": [x.tolist() for x in ELBO["outputs"]], "target": ELBO["target"].tolist(), "cases": elbos}

data = {key: {"output": o.tolist(), "target": t.tolist()} for key, (o, t) in DATA.items()}
OUT.write_text(json.dumps({"data": data, "cases": CASES, "elbo": elbos}) + "\n")
