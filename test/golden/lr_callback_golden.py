"""Writes src/callbacks/golden/learning-rates.json: the rates with which ClinicaDL 2.0.0's LRSchedulerCallback trains."""

import json
from pathlib import Path
from types import SimpleNamespace

import torch
from clinicadl.callbacks import LRSchedulerCallback
from clinicadl.metrics.enum import Optimum
from clinicadl.optim.lr_schedulers import config as schedulers

target = Path(__file__).parents[2] / "src" / "callbacks" / "golden" / "learning-rates.json"
EPOCHS, BATCHES, WINDOW, INTERVAL = 6, 4, 2, 2
LOSSES = [None, 1.0, None, 1.1, None, 1.2]


class Metrics:
    metrics = {"loss": SimpleNamespace(optimum=Optimum.MIN)}

    def check_metric_name(self, metric):
        assert metric in self.metrics

    def get_metric_value(self, metric, epoch):
        return LOSSES[epoch - 1]


def rates(name, options, groups):
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in groups]
    settings = [{"params": [p], "lr": lr, **({"name": g} if g else {})} for p, (g, lr) in zip(parameters, groups)]
    optimizer = torch.optim.SGD(settings, momentum=0.9)
    scheduler = getattr(schedulers, f"{name}Config")(**options)
    metric = {"metric_name": "loss"} if name == "ReduceLROnPlateau" else {}
    callback = LRSchedulerCallback(scheduler=scheduler, **metric)
    metrics, state = Metrics(), SimpleNamespace(split_idx=0, num_train_batches=BATCHES)
    callback.on_train_start(optimizers={"optimizer": optimizer}, metrics=metrics)
    used = []
    for epoch in range(1, EPOCHS + 1):
        state.current_epoch = epoch
        for batch in range(1, BATCHES + 1):
            state.current_train_batch = batch
            used.append([group["lr"] for group in optimizer.param_groups])
            if batch % WINDOW == 0:
                optimizer.step()
                callback.on_optimization_step_end(state=state)
        if epoch % INTERVAL == 0:
            callback.on_validation_end(state=state, metrics=metrics)
        callback.on_epoch_end(state=state)
    return {"name": name, "options": options, "groups": groups, "type": callback.config.scheduler_type.value, "used": used}


one, two = [[None, 0.1]], [["a", 0.1], ["ELSE", 0.01]]
steps = EPOCHS * BATCHES // WINDOW
cases = [
    rates("ConstantLR", {"factor": 0.5, "total_iters": 2}, one),
    rates("ExponentialLR", {"gamma": 0.5}, two),
    rates("LinearLR", {"start_factor": 0.25, "total_iters": 3}, one),
    rates("StepLR", {"step_size": 2, "gamma": 0.1}, two),
    rates("MultiStepLR", {"milestones": [1, 3], "gamma": 0.5}, one),
    rates("PolynomialLR", {"total_iters": 4, "power": 2.0}, one),
    rates("OneCycleLR", {"max_lr": 1.0, "total_steps": steps}, one),
    rates("OneCycleLR", {"max_lr": {"a": 1.0, "ELSE": 0.5}, "total_steps": steps, "anneal_strategy": "linear"}, two),
    rates("ReduceLROnPlateau", {"patience": 0, "factor": 0.5}, one),
    rates("ReduceLROnPlateau", {"patience": 1, "factor": 0.5, "min_lr": {"a": 0.08, "ELSE": 0.0}}, two),
]
shape = {"epochs": EPOCHS, "batches": BATCHES, "window": WINDOW, "interval": INTERVAL, "losses": LOSSES}
target.parent.mkdir(exist_ok=True)
target.write_text(json.dumps({**shape, "cases": cases}, separators=(",", ":")) + "\n")
