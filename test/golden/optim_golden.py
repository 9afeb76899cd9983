"""Trajectories of PyTorch's optimizers and schedulers, for src/torch/optim/golden/optim.json.

Gradients do not come from a model but from a formula that the tests repeat.
"""
import inspect
import json
import math
import pathlib

import numpy as np
import torch

STEPS = 20
EPOCHS = 20
SHAPES = [(3, 4), (5,)]


def values(which, step):
    """The gradients of `step`, or the initial parameters for step -1."""
    n = math.prod(SHAPES[which])
    flat = [math.sin(1.7 * step + 0.3 * i + which) * (1 + 0.1 * i) for i in range(n)]
    return torch.tensor(flat, dtype=torch.float64).to(torch.float32).reshape(SHAPES[which])


def short(tensor):
    """Nine digits tell all numbers of float32 apart."""
    return [float(f"{v:.9g}") for v in tensor.detach().flatten().tolist()]


def plain(value):
    if isinstance(value, torch.Tensor):
        return {"dtype": str(value.dtype).split(".")[-1], "shape": list(value.shape), "values": short(value)}
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def trajectory(name, options, groups=None):
    params = [torch.nn.Parameter(values(i, -1)) for i in range(len(SHAPES))]
    given = params if groups is None else [{"params": [p], **g} for p, g in zip(params, groups)]
    optimizer = getattr(torch.optim, name)(given, **options)
    steps = []
    for step in range(STEPS):
        for i, p in enumerate(params):
            p.grad = values(i, step)
        optimizer.step()
        steps.append([short(p) for p in params])
    return {"name": name, "options": options, "groups": groups, "steps": steps, "state": plain(optimizer.state_dict())}


def lion(lr=1e-4, betas=(0.9, 0.99), weight_decay=0, maximize=False, groups=None):
    """Lion as in algorithm 2 of Chen et al. 2023, which PyTorch lacks: in float64, with numpy."""
    options = {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize}
    given = [{**options, **(groups[i] if groups else {})} for i in range(len(SHAPES))]
    params = [values(i, -1).double().numpy() for i in range(len(SHAPES))]
    means = [np.zeros_like(p) for p in params]
    steps = []
    for step in range(STEPS):
        for i, group in enumerate(given):
            g = values(i, step).double().numpy() * (-1 if group["maximize"] else 1)
            beta1, beta2 = group["betas"]
            average = beta1 * means[i] + (1 - beta1) * g
            assert np.abs(average[average != 0]).min() > 1e-5, "rounding to float32 could change a sign"
            direction = np.sign(average)
            params[i] = params[i] - group["lr"] * (direction + group["weight_decay"] * params[i])
            means[i] = beta2 * means[i] + (1 - beta2) * g
        steps.append([short(torch.tensor(p)) for p in params])
    kept = [{**(groups[i] if groups else {}), **group, "foreach": None, "differentiable": False} for i, group in enumerate(given)]
    state = {i: {"exp_avg": torch.tensor(m, dtype=torch.float32)} for i, m in enumerate(means)}
    param_groups = [{**g, "params": [i]} for i, g in enumerate(kept)] if groups else [{**kept[0], "params": list(range(len(SHAPES)))}]
    return {"name": "Lion", "options": options, "groups": groups, "steps": steps, "state": plain({"state": state, "param_groups": param_groups})}


# the tests have the same under the same names
LAMBDAS = {"decay": lambda epoch: 0.95**epoch, "warm": lambda epoch: min(1.0, (epoch + 1) / 5)}


def lambda_of(value):
    return [LAMBDAS[name] for name in value] if isinstance(value, list) else LAMBDAS[value]


def make_scheduler(optimizer, name, options):
    """Options of a scheduler of others: `schedulers` are names with their options."""
    options = dict(options)
    if "lr_lambda" in options:
        options["lr_lambda"] = lambda_of(options["lr_lambda"])
    if "schedulers" in options:
        options["schedulers"] = [make_scheduler(optimizer, *inner) for inner in options["schedulers"]]
    make = getattr(torch.optim.lr_scheduler, name)
    return make(**options) if name == "ChainedScheduler" else make(optimizer, **options)


def schedule(name, options, momentum=None, groups=None):
    params = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    given = params if groups is None else [{"params": [p], **g} for p, g in zip(params, groups)]
    if momentum == "betas":
        optimizer = torch.optim.Adam(given, lr=0.1)
    else:
        optimizer = torch.optim.SGD(given, lr=0.1, momentum=0.9 if momentum else 0)
    if options.get("last_epoch", -1) > -1:
        for group in optimizer.param_groups:
            group["initial_lr"] = 0.8
    scheduler = make_scheduler(optimizer, name, options)
    metrics = [1.0, 0.9, 0.95, 0.91, 0.9, 0.89, 0.93, 0.94, 0.95, 0.99, 0.5, 0.6, 0.7, 0.8, 0.9, 0.4, 0.41, 0.42, 0.43, 0.44]

    def now():
        return {
            "lr": [g["lr"] for g in optimizer.param_groups],
            "momentum": [g["betas"][0] if "betas" in g else g["momentum"] for g in optimizer.param_groups],
        }

    steps = [now()]
    for epoch in range(EPOCHS):
        optimizer.step()
        if name == "ReduceLROnPlateau":
            scheduler.step(metrics[epoch])
        else:
            scheduler.step()
        steps.append(now())
    return {
        "name": name, "options": options, "momentum": momentum, "groups": groups, "metrics": metrics,
        "steps": steps, "state": plain(scheduler.state_dict()), "group": plain(optimizer.state_dict()["param_groups"][0]),
    }


def signature(make):
    """The names of what can be given by position, after the parameters or the optimizer."""
    names = [p.name for p in inspect.signature(make).parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
    return [name for name in names[1:] if name != "verbose"]


golden = {
    "signatures": {
        **{n: signature(getattr(torch.optim, n)) for n in ("SGD", "Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta")},
        **{
            n: signature(getattr(torch.optim.lr_scheduler, n))
            for n in (
                "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "ExponentialLR", "LambdaLR", "LinearLR",
                "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR", "ReduceLROnPlateau", "SequentialLR", "StepLR",
            )
        },
    },
    "optimizers": [
        trajectory("Adam", {}),
        trajectory("Adam", {"lr": 0.05, "betas": (0.8, 0.95), "weight_decay": 0.1, "amsgrad": True}),
        trajectory("Adam", {"lr": 0.05, "maximize": True, "eps": 1e-3}, [{"lr": 0.2, "name": "a"}, {"name": "ELSE"}]),
        trajectory("AdamW", {}),
        trajectory("AdamW", {"lr": 0.05, "weight_decay": 0.3, "amsgrad": True, "maximize": True}),
        trajectory("NAdam", {}),
        trajectory("NAdam", {"lr": 0.05, "weight_decay": 0.1, "momentum_decay": 0.02, "maximize": True}),
        trajectory("NAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}, [{"lr": 0.2, "name": "a"}, {"name": "ELSE"}]),
        trajectory("RAdam", {}),
        trajectory("RAdam", {"lr": 0.05, "weight_decay": 0.1, "betas": (0.8, 0.95), "maximize": True}),
        trajectory("RAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}, [{"lr": 0.2, "name": "a"}, {"name": "ELSE"}]),
        lion(),
        lion(lr=0.05, betas=(0.8, 0.95), weight_decay=0.1, maximize=True),
        lion(lr=0.05, weight_decay=0.3, groups=[{"lr": 0.2, "name": "a"}, {"name": "ELSE"}]),
        trajectory("SGD", {"lr": 0.1}),
        trajectory("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.05}),
        trajectory("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True, "weight_decay": 0.05}),
        trajectory("RMSprop", {}),
        trajectory("RMSprop", {"lr": 0.02, "alpha": 0.9, "centered": True, "momentum": 0.5, "weight_decay": 0.1}),
        trajectory("RMSprop", {"maximize": True, "eps": 1e-4}),
        trajectory("Adagrad", {}),
        trajectory("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5}),
        trajectory("Adagrad", {"lr": 0.1, "maximize": True}),
        trajectory("Adadelta", {}),
        trajectory("Adadelta", {"lr": 0.5, "rho": 0.8, "weight_decay": 0.1, "maximize": True}),
    ],
    "schedulers": [
        schedule("ConstantLR", {}),
        schedule("ConstantLR", {"factor": 0.5, "total_iters": 3}),
        schedule("ExponentialLR", {"gamma": 0.9}),
        schedule("LinearLR", {}),
        schedule("LinearLR", {"start_factor": 0.1, "end_factor": 0.5, "total_iters": 10}),
        schedule("StepLR", {"step_size": 4, "gamma": 0.5}, groups=[{"lr": 0.3}, {}]),
        schedule("MultiStepLR", {"milestones": [3, 6, 6, 10], "gamma": 0.5}),
        schedule("PolynomialLR", {}),
        schedule("PolynomialLR", {"total_iters": 10, "power": 2.5}),
        schedule("CosineAnnealingLR", {"T_max": 5, "eta_min": 0.01}),
        schedule("CosineAnnealingLR", {"T_max": 20}),
        schedule("ConstantLR", {"last_epoch": 2}),
        schedule("ExponentialLR", {"gamma": 0.9, "last_epoch": 2}),
        schedule("LinearLR", {"last_epoch": 2}),
        schedule("StepLR", {"step_size": 4, "last_epoch": 2}),
        schedule("MultiStepLR", {"milestones": [3, 6], "last_epoch": 2}),
        schedule("PolynomialLR", {"total_iters": 10, "last_epoch": 2}),
        schedule("OneCycleLR", {"max_lr": 0.5, "total_steps": 21}, momentum=True),
        schedule("OneCycleLR", {"max_lr": [0.5, 0.2], "epochs": 3, "steps_per_epoch": 7, "anneal_strategy": "linear"},
                 momentum="betas", groups=[{"lr": 0.3}, {}]),
        schedule("OneCycleLR", {"max_lr": 0.5, "total_steps": 21, "three_phase": True, "cycle_momentum": False}),
        schedule("ReduceLROnPlateau", {"patience": 2}),
        schedule("ReduceLROnPlateau", {"patience": 1, "factor": 0.5, "cooldown": 1, "min_lr": 0.02, "threshold": 0.01,
                                       "threshold_mode": "abs", "mode": "max"}),
        schedule("LambdaLR", {"lr_lambda": "decay"}),
        schedule("LambdaLR", {"lr_lambda": ["decay", "warm"]}, groups=[{"lr": 0.3}, {}]),
        schedule("LambdaLR", {"lr_lambda": "warm", "last_epoch": 2}),
        schedule("MultiplicativeLR", {"lr_lambda": "decay"}, groups=[{"lr": 0.3}, {}]),
        schedule("CosineAnnealingWarmRestarts", {"T_0": 4}),
        schedule("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}, groups=[{"lr": 0.3}, {}]),
        schedule("CosineAnnealingWarmRestarts", {"T_0": 5, "last_epoch": 2}),
        schedule("ChainedScheduler", {"schedulers": [["ConstantLR", {"factor": 0.1, "total_iters": 2}],
                                                     ["ExponentialLR", {"gamma": 0.9}]]}),
        schedule("SequentialLR", {"schedulers": [["LinearLR", {"start_factor": 0.1, "total_iters": 4}],
                                                 ["CosineAnnealingLR", {"T_max": 10}],
                                                 ["CosineAnnealingWarmRestarts", {"T_0": 3}]],
                                  "milestones": [4, 14]}, groups=[{"lr": 0.3}, {}]),
        # what the configs of src/optim build of a training of 20 epochs
        schedule("PolynomialLR", {"total_iters": 20, "power": 0.9}),
        *(
            schedule("SequentialLR", {"schedulers": [["LinearLR", {"start_factor": 0.01, "total_iters": 4}], then], "milestones": [4]},
                     groups=[{"lr": 0.3}, {}])
            for then in (["PolynomialLR", {"total_iters": 16, "power": 0.9}], ["CosineAnnealingLR", {"T_max": 16, "eta_min": 0.001}],
                         ["StepLR", {"step_size": 5, "gamma": 0.5}])
        ),
        schedule("SequentialLR", {"schedulers": [["ConstantLR", {"factor": 0.5, "total_iters": 3}],
                                                 ["LinearLR", {"start_factor": 0.2, "total_iters": 3}],
                                                 ["MultiplicativeLR", {"lr_lambda": "decay"}],
                                                 ["StepLR", {"step_size": 2}], ["MultiStepLR", {"milestones": [0, 2]}],
                                                 ["PolynomialLR", {"total_iters": 4}]],
                                  "milestones": [2, 5, 7, 10, 15]}),
        schedule("SequentialLR", {"schedulers": [
            ["ChainedScheduler", {"schedulers": [["LinearLR", {"total_iters": 3}], ["ExponentialLR", {"gamma": 0.9}]]}],
            ["LambdaLR", {"lr_lambda": "warm"}]], "milestones": [6]}),
    ],
}

target = pathlib.Path(__file__).parents[2] / "src/torch/optim/golden/optim.json"
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text(json.dumps(golden) + "\n")
print(target, target.stat().st_size)
