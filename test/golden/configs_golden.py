"""Writes golden/configs.json of src/optim, src/metrics and src/losses with the original ClinicaDL 2.0.0.

Of each config class: JSON files as the original writes them, and which values each field accepts. Of optimizers and schedulers:
what those built from configs with parameter groups do in 20 steps.
"""

import json
import sys
import warnings
from pathlib import Path

import torch
from clinicadl.losses import config as losses
from clinicadl.metrics import config as metrics
from clinicadl.networks.nn import CNN
from clinicadl.optim import OptimizationConfig
from clinicadl.optim.lr_schedulers import config as schedulers
from clinicadl.optim.optimizers import config as optimizers
from clinicadl.transforms.config import ActivationsConfig, AsDiscreteConfig
from configs_common import text, tried

warnings.filterwarnings("ignore")
SRC = Path(__file__).parents[2] / "src"
STEPS = 20

NUMBERS = [-1, -0.5, 0, 0.5, 1, 1.5, 2]
GROUPS = [{"a": 0.5, "ELSE": 1}, {"a": -1, "ELSE": 1}, {"a": 0.5}, {"a": [0.5, 1], "ELSE": [0, 2]}]
FLAGS = [True, False, {"a": True, "ELSE": False}, {"a": None, "ELSE": True}, {"a": True}]
OTHERS = [None, "x", [], [0.5, 1], [0.5, -1], [1, 1], ["x"], ["x", 1]]
WORDS = "min max mean sum none rel abs cos linear macro weighted micro recall for torchrounding".split()


def values_for(default):
    """Python takes 1 for true and true for 1, JavaScript does not: each field is tried with values of its kind."""
    if isinstance(default, bool):
        return FLAGS + OTHERS
    if isinstance(default, str):
        return WORDS + NUMBERS + OTHERS
    if default is None:
        return NUMBERS + GROUPS + OTHERS
    return NUMBERS + GROUPS + OTHERS + WORDS[:1]


# the length of a cycle is one of these or the two others
OTHER_FIELDS = {"epochs": {"max_lr": 0.1, "steps_per_epoch": 2}, "steps_per_epoch": {"max_lr": 0.1, "epochs": 2}}


def accepted(cls, required):
    """Each field alone, with `others` beside it."""
    found = []
    for field, info in cls.model_fields.items():
        if field == "postprocessing":
            continue
        default = False if field in ("foreach", "fused") else 1.0 if info.is_required() else info.default
        found.append(tried(cls, field, values_for(default), OTHER_FIELDS.get(field, required)))
    return found


def described(classes, more=()):
    """`classes`: with what each must be given."""
    return {
        "classes": [
            {"name": cls.__name__, "required": required, "json": text(cls(**required)), "fields": accepted(cls, required)}
            for cls, required in classes
        ],
        "files": [{"name": type(config).__name__, "json": text(config)} for config in more],
    }


def network():
    torch.manual_seed(0)
    return CNN(in_shape=(1, 6, 6), num_outputs=2, conv_args={"channels": [2, 3], "norm": None}, mlp_args={"hidden_dims": [4], "norm": None})


def images():
    return torch.linspace(-1, 1, 2 * 36).reshape(2, 1, 6, 6)


def options(optimizer):
    plain = lambda value: list(value) if isinstance(value, tuple) else value
    return [[[k, plain(v)] for k, v in group.items() if k != "params"] for group in optimizer.param_groups]


def trained(config):
    net = network()
    optimizer = config.get_object(net)
    found = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = (net(images()) - 1).square().sum()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return {
        "json": text(config),
        "groups": options(optimizer),
        "sizes": [len(group["params"]) for group in optimizer.param_groups],
        "frozen": [name for name, p in net.named_parameters() if not p.requires_grad],
        "losses": found,
        "sums": {name: p.sum().item() for name, p in net.named_parameters()},
    }


METRIC = [1, 0.9, 0.95, 0.91, 0.9, 0.89, 0.93, 0.94, 0.95, 0.99, 0.5, 0.6, 0.7, 0.8, 0.9, 0.4, 0.41, 0.42, 0.43, 0.44]
GROUPED = {"lr": {"mlp.output": 0.5, "convolutions": 0.2, "ELSE": 0.1}, "momentum": 0.9}


def scheduled(config):
    optimizer = optimizers.SGDConfig(**GROUPED).get_object(network())
    scheduler = config.get_object(optimizer)
    rates = []
    for step in range(STEPS):
        optimizer.step()
        if config.scheduler_type().value == "metric-based":
            scheduler.step(METRIC[step])
        else:
            scheduler.step()
        rates.append([[group["lr"], group["momentum"]] for group in optimizer.param_groups])
    return {"json": text(config), "type": config.scheduler_type().value, "rates": rates}


o, s = optimizers, schedulers
three = lambda a, b, c: {"mlp.output": a, "convolutions": b, "ELSE": c}
OPTIM = {
    **described(
        [
            (OptimizationConfig, {}),
            (o.AdadeltaConfig, {}),
            (o.AdagradConfig, {}),
            (o.AdamConfig, {}),
            (o.RMSpropConfig, {}),
            (o.SGDConfig, {}),
            (s.ConstantLRConfig, {}),
            (s.ExponentialLRConfig, {"gamma": 1}),
            (s.LinearLRConfig, {}),
            (s.StepLRConfig, {"step_size": 3}),
            (s.MultiStepLRConfig, {"milestones": [5, 2]}),
            (s.PolynomialLRConfig, {}),
            (s.ReduceLROnPlateauConfig, {}),
            (s.OneCycleLRConfig, {"max_lr": 1, "total_steps": 10}),
        ],
        [
            OptimizationConfig(num_epochs=3, clip_grad_norm=1, clip_grad_value=0, grad_norm_type=float("inf"), reset_model=False),
            o.AdamConfig(freeze="mlp", lr={"a": 1, "ELSE": 1e-5}, betas={"a": (0, 1), "ELSE": (0.9, 0.99)}, foreach={"a": None, "ELSE": True}),
            s.ReduceLROnPlateauConfig(min_lr=[0, 1], mode="max", threshold_mode="abs"),
            s.OneCycleLRConfig(max_lr=three(1, 2, 3), epochs=1, steps_per_epoch=4, base_momentum=[0, 1, 1], anneal_strategy="linear"),
        ],
    ),
    "optimizers": [
        trained(o.SGDConfig(lr=three(0.01, 0.02, 0.03), momentum={"convolutions": 0.5, "ELSE": 0.9}, freeze=["convolutions.layer1.conv.bias"])),
        trained(o.AdamConfig(lr={"mlp": 0.01, "ELSE": 0.02}, betas={"convolutions.layer0": (0.8, 0.9), "ELSE": (0.9, 0.99)}, amsgrad=True)),
        trained(o.RMSpropConfig(alpha={"mlp.hidden0": 0.5, "ELSE": 0.9}, weight_decay={"mlp.output.linear.weight": 0.1, "ELSE": 0}, centered=True)),
        trained(o.AdagradConfig(lr={"convolutions": 0.1, "mlp": 0.05, "ELSE": 1}, initial_accumulator_value=0.1)),
        trained(o.AdadeltaConfig(rho={"mlp": 0.5, "ELSE": 0.9}, freeze="convolutions")),
        trained(o.SGDConfig(freeze="mlp")),
    ],
    "schedulers": [
        scheduled(s.ConstantLRConfig(total_iters=7)),
        scheduled(s.ExponentialLRConfig(gamma=0.9)),
        scheduled(s.LinearLRConfig(start_factor=0.5, end_factor=0.1, total_iters=12)),
        scheduled(s.StepLRConfig(step_size=3, gamma=0.5)),
        scheduled(s.MultiStepLRConfig(milestones=[9, 2, 4], gamma=0.3)),
        scheduled(s.PolynomialLRConfig(total_iters=15, power=2)),
        scheduled(s.ReduceLROnPlateauConfig(patience=1, min_lr=three(0.2, 0.05, 0), factor=0.5)),
        scheduled(s.ReduceLROnPlateauConfig(patience=2, min_lr=[0.1, 0.2, 0.3], mode="max")),
        scheduled(s.OneCycleLRConfig(max_lr=three(1, 2, 3), total_steps=21, base_momentum=three(0.5, 0.6, 0.7), max_momentum=[0.9, 0.95, 0.99])),
        scheduled(s.OneCycleLRConfig(max_lr=[1, 2, 3], epochs=3, steps_per_epoch=7, three_phase=True, cycle_momentum=False, anneal_strategy="linear")),
    ],
}
m = metrics
METRICS = described(
    [
        *[
            (cls, {})
            for cls in (
                m.LossMetricConfig,
                m.ROCAUCMetricConfig,
                m.AveragePrecisionMetricConfig,
                m.ConfusionMatrixMetricConfig,
                m.DiceMetricConfig,
                m.MSEMetricConfig,
                m.MAEMetricConfig,
                m.RMSEMetricConfig,
                m.MeanIoUConfig,
                m.GeneralizedDiceScoreConfig,
                m.HausdorffDistanceMetricConfig,
                m.SurfaceDistanceMetricConfig,
            )
        ],
        (m.PSNRMetricConfig, {"max_val": 1}),
        (m.SSIMMetricConfig, {"spatial_dims": 2}),
        (m.MultiScaleSSIMMetricConfig, {"spatial_dims": 3}),
        (m.SurfaceDiceMetricConfig, {"class_thresholds": [1, 0.5]}),
    ],
    [
        m.MSEMetricConfig(label_key=None, reduction="sum", postprocessing=[ActivationsConfig(sigmoid=True), AsDiscreteConfig(threshold=0.5)]),
        m.SSIMMetricConfig(spatial_dims=3, data_range=255, kernel_type="uniform", win_size=(3, 5, 7), kernel_sigma=(1, 1.5, 2), k1=0, k2=1),
        m.MultiScaleSSIMMetricConfig(spatial_dims=2, kernel_size=(3, 5), weights=(1, 0.5)),
        m.GeneralizedDiceScoreConfig(weight_type="simple", include_background=False),
        m.HausdorffDistanceMetricConfig(distance_metric="taxicab", percentile=95, directed=True),
        m.SurfaceDistanceMetricConfig(distance_metric="chessboard", symmetric=True),
        m.SurfaceDiceMetricConfig(class_thresholds=(0, 2), use_subvoxels=True, reduction="sum"),
    ],
)
n = losses
LOSSES = described(
    [(cls, {}) for cls in (n.NLLLossConfig, n.CrossEntropyLossConfig, n.BCELossConfig, n.BCEWithLogitsLossConfig, n.MultiMarginLossConfig, n.KLDivLossConfig, n.HuberLossConfig, n.SmoothL1LossConfig, n.L1LossConfig, n.MSELossConfig)],
    [n.CrossEntropyLossConfig(weight=[1, 2, 0.5], ignore_index=1, label_smoothing=1), n.MultiMarginLossConfig(p=2, margin=2, reduction="sum"), n.BCEWithLogitsLossConfig(pos_weight=[[1.0, 2.0], [0.5, 1.0]])],
)

if __name__ == "__main__":
    for folder, golden in (("optim", OPTIM), ("metrics", METRICS), ("losses", LOSSES)):
        out = SRC / folder / "golden" / "configs.json"
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(golden) + "\n", encoding="utf-8")
        print(out, out.stat().st_size, "bytes", file=sys.stderr)
