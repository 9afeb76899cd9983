"""Writes src/metrics/golden/metrics.json with the original ClinicaDL 2.0.0.

For each metric and data set: value per sample of two batches, value over both.
"""

import json
import math
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import torchio as tio

from clinicadl.data.dataloader import Batch
from clinicadl.data.structures import DataPoint
from clinicadl.losses.config import *
from clinicadl.metrics import MetricsHandler
from clinicadl.metrics.config import *
from clinicadl.metrics.config.enum import ConfusionMatrixMetricName

warnings.filterwarnings("ignore")
OUT = Path(__file__).parents[2] / "src" / "metrics" / "golden" / "metrics.json"


class HasLoss:
    def __init__(self, loss):
        self.loss = loss

    def get_loss_functions(self):
        return {"loss": self.loss}


def batch(outputs, labels, first=0):
    points = []
    for i, (o, l) in enumerate(zip(outputs, labels), first):
        points.append(
            DataPoint(image=tio.ScalarImage(tensor=torch.zeros(1, 2, 2, 2)), participant_id=f"sub-{i:03d}", session_id="ses-M000", output=o, label=l)
        )
    return Batch(points)


def clean(value):
    value = float(value)
    return None if math.isnan(value) else value


def run(metric, data):
    outputs, labels = data
    half = len(outputs) // 2
    samples = []
    for part in (slice(0, half), slice(half, None)):
        samples += [clean(v) for v in metric(batch(outputs[part], labels[part]))]
    return {"samples": samples, "aggregate": clean(metric.aggregate())}


g = torch.Generator().manual_seed(0)
scores = torch.randn(12, 1, generator=g)
DATA = {
    "binary": (scores, torch.randint(0, 2, (12, 1), generator=g).float()),
    "binary-ties": ((scores * 2).round() / 2, torch.randint(0, 2, (12, 1), generator=g).float()),
    "decided": ((scores > 0).float(), torch.randint(0, 2, (12, 1), generator=g).float()),
    "one-hot": (
        torch.nn.functional.one_hot(torch.randint(0, 3, (12,), generator=g), 3).float(),
        torch.nn.functional.one_hot(torch.randint(0, 3, (12,), generator=g), 3).float(),
    ),
    "multiclass": (
        torch.randn(12, 3, generator=g),
        torch.nn.functional.one_hot(torch.randint(0, 3, (12,), generator=g), 3).float(),
    ),
    "segmentation": (
        (torch.rand(6, 2, 3, 4, 2, generator=g) > 0.5).float(),
        (torch.rand(6, 2, 3, 4, 2, generator=g) > 0.4).float(),
    ),
    "probabilities": (torch.rand(6, 2, 3, generator=g), torch.rand(6, 2, 3, generator=g)),
}
DATA["indices"] = tuple(torch.randint(0, n, (6, 1, 3, 4, 2), generator=g).float() for n in (3, 2))
DATA["empty"] = (torch.eye(4).view(4, 1, 4), torch.tensor([1.0, 0, 0, 0]).view(4, 1, 1).repeat(1, 1, 4))
CASES = []


def add(data, config, loss=None):
    metric = config.get_object(model=HasLoss(loss.get_object())) if loss is not None else config.get_object()
    CASES.append(
        {
            "data": data,
            "config": json.loads(json.dumps(config.to_dict())),
            "loss": None if loss is None else json.loads(json.dumps(loss.to_dict())),
            "optimum": metric.optimum.value,
            **run(metric, DATA[data]),
        }
    )


for average in ("macro", "weighted", "micro"):
    for data in ("binary", "binary-ties", "multiclass"):
        add(data, ROCAUCMetricConfig(average=average))
        add(data, AveragePrecisionMetricConfig(average=average))
for name in ConfusionMatrixMetricName:
    add("decided", ConfusionMatrixMetricConfig(metric_name=name))
    add("one-hot", ConfusionMatrixMetricConfig(metric_name=name, include_background=False))
for name in ("accuracy", "f1", "mcc", "pt"):
    add("segmentation", ConfusionMatrixMetricConfig(metric_name=name))
    for sample in (True, False):
        add("segmentation", ConfusionMatrixMetricConfig(metric_name=name, compute_sample=sample, reduction="sum"))
    # where nothing is defined the original says 0, a perfect prevalence threshold
    if name != "pt":
        add("segmentation", ConfusionMatrixMetricConfig(metric_name=name, compute_sample=True, include_background=False))
for reduction in ("mean", "sum"):
    for background in (True, False):
        add("segmentation", DiceMetricConfig(reduction=reduction, include_background=background))
    add("indices", DiceMetricConfig(reduction=reduction, num_classes=3))
    # where nothing is defined the original says 0 for the sample (D17)
    add("empty", DiceMetricConfig(reduction=reduction, ignore_empty=False))
for data in ("binary", "segmentation", "probabilities"):
    for config in (MSEMetricConfig, MAEMetricConfig, RMSEMetricConfig):
        add(data, config())
        add(data, config(reduction="sum"))
for reduction in ("mean", "sum"):
    add("binary", LossMetricConfig(), BCEWithLogitsLossConfig(reduction=reduction, pos_weight=[2.0]))
    add("probabilities", LossMetricConfig(), BCELossConfig(reduction=reduction))
    add("probabilities", LossMetricConfig(), MSELossConfig(reduction=reduction))
    add("probabilities", LossMetricConfig(), L1LossConfig(reduction=reduction))
    add("probabilities", LossMetricConfig(), SmoothL1LossConfig(reduction=reduction, beta=0.3))
    add("probabilities", LossMetricConfig(), HuberLossConfig(reduction=reduction, delta=0.3))
    add("probabilities", LossMetricConfig(), KLDivLossConfig(reduction=reduction))



def tables():
    """The files of a MetricsHandler: after two epochs, with a metric more, and merged with others."""
    outputs, labels = DATA["binary-ties"]
    model = HasLoss(BCEWithLogitsLossConfig().get_object())

    def evaluate(handler, epoch):
        handler.reset()
        for part in (slice(0, 5), slice(5, 12)):
            handler(batch(outputs[part], labels[part], part.start), epoch)
        handler.aggregate(epoch)

    def saved(write):
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / "aggregated.tsv", Path(folder) / "details.tsv"]
            write(*paths)
            return [path.read_text() for path in paths]

    handler = MetricsHandler(auc=ROCAUCMetricConfig(), loss=LossMetricConfig())
    handler.init_metrics(model)
    out = {"none": saved(handler.save)}
    for epoch in (1, 2):
        evaluate(handler, epoch)
    out["epochs"] = saved(handler.save)
    handler.add_metrics(mae=MAEMetricConfig())
    evaluate(handler, 3)
    out["more"] = saved(handler.save)
    handler.remove_metrics("loss")
    out["fewer"] = saved(handler.save)

    test = MetricsHandler(loss=LossMetricConfig())
    test.init_metrics(model)
    evaluate(test, None)
    out["test"] = saved(test.save)
    other = MetricsHandler(rmse=RMSEMetricConfig())
    other.init_metrics()
    evaluate(other, None)

    def merge(*paths):
        test.save(*paths)
        other.merge(*paths)

    out["merged"] = saved(merge)
    return out


if __name__ == "__main__":
    data = {name: {"output": o.tolist(), "label": l.tolist()} for name, (o, l) in DATA.items()}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"data": data, "cases": CASES, "tables": tables()}) + "\n", encoding="utf-8")
    print(OUT.stat().st_size, "bytes,", len(CASES), "cases", file=sys.stderr)
