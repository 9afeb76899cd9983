"""Writes src/callbacks/golden/early-stopping.json: when ClinicaDL 2.0.0's EarlyStoppingCallback asks to stop."""

import json
import random
from pathlib import Path
from types import SimpleNamespace

from clinicadl.callbacks import EarlyStoppingCallback
from clinicadl.metrics.enum import Optimum

target = Path(__file__).parents[2] / "src" / "callbacks" / "golden" / "early-stopping.json"
MODES = {"loss": "min", "mae": "min", "auc": "max"}


class Metrics:
    """What the callback asks of a MetricsHandler."""

    metrics = {name: SimpleNamespace(optimum=Optimum(mode)) for name, mode in MODES.items()}

    def __init__(self):
        self.values = {}

    def check_metric_name(self, metric):
        assert metric in self.metrics

    def get_metric_value(self, metric, epoch):
        return self.values[metric][epoch - 1]


def number(value):
    return value if abs(value) < 1e300 else str(value)


def decisions(options, values):
    callback, metrics, state = EarlyStoppingCallback(**options), Metrics(), SimpleNamespace(current_epoch=0, should_stop=False)
    metrics.values = values
    callback.on_train_start(metrics=metrics)
    stops = []
    for epoch in range(1, len(next(iter(values.values()))) + 1):
        state.current_epoch = epoch
        callback.on_validation_end(state=state, metrics=metrics)
        stops.append(state.should_stop)
    final = {name: {key: number(value) for key, value in of.items()} for name, of in callback.state_dict().items()}
    return {"options": options, "values": {k: [number(v) for v in of] for k, of in values.items()}, "stops": stops, "state": final}


draw = random.Random(0)
nan, inf = float("nan"), float("inf")
cases = [
    decisions({"metric": "loss"}, {"loss": [3, 2, 1, 1, 1, 1, 1, 0.5]}),
    decisions({"metric": "loss", "patience": 0}, {"loss": [1, 1, 0.5, 0.7]}),
    decisions({"metric": "auc", "patience": 1, "min_delta": 0.1}, {"auc": [0.5, 0.55, 0.59, 0.61, 0.7, 0.72]}),
    decisions({"metric": "loss", "patience": 1, "min_delta": 0.5}, {"loss": [2, 1.5, 1.49, 1, 0.9]}),
    decisions({"metric": "loss", "patience": 9}, {"loss": [1, nan, 2, inf, 0.5, -inf]}),
    decisions({"metric": "loss", "patience": 2, "check_finite": False}, {"loss": [1, nan, nan, inf, -inf, nan]}),
    decisions({"metric": "auc", "patience": 2, "check_finite": False}, {"auc": [nan, nan, 0.5, inf, 0.7, 0.8]}),
    decisions({"metric": "loss", "upper_bound": 2.0, "lower_bound": 1.0}, {"loss": [2, 2.1, 1, 0.9, 1.5]}),
    decisions({"metric": "loss", "upper_bound": 1.0, "lower_bound": 1.0}, {"loss": [1, 1.5]}),
    decisions({"metric": ["loss", "auc"], "patience": [0, 1]}, {"loss": [1, 2, 3, 0.5, 4], "auc": [0.5, 0.4, 0.4, 0.4, 0.3]}),
    decisions({"metric": ["loss", "mae", "auc"], "patience": [1], "upper_bound": [None, 3.0, None]}, {"loss": [1, 2, 3, 4], "mae": [1, 4, 5, 1], "auc": [0.5, 0.6, 0.5, 0.5]}),
]
for _ in range(40):
    names = draw.sample(list(MODES), draw.randint(1, 3))

    def each(choose):
        form = draw.random()
        return choose() if form < 0.4 else [choose() for _ in names]

    options = {
        "metric": names if len(names) > 1 or draw.random() < 0.5 else names[0],
        "patience": each(lambda: draw.randint(0, 3)),
        "min_delta": each(lambda: draw.choice([0.0, 0.0, 0.05, 0.3])),
        "check_finite": each(lambda: draw.random() < 0.7),
        "upper_bound": each(lambda: draw.choice([None, None, 0.95])),
        "lower_bound": each(lambda: draw.choice([None, None, 0.1])),
    }
    values = {
        name: [draw.choice([nan, inf, -inf]) if draw.random() < 0.05 else round(draw.random(), 2) for _ in range(12)]
        for name in names
    }
    cases.append(decisions(options, values))

target.parent.mkdir(exist_ok=True)
target.write_text(json.dumps({"modes": MODES, "cases": cases}, separators=(",", ":")) + "\n")
