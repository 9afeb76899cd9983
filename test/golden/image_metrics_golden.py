"""Writes src/metrics/golden/image-metrics.json with the metric objects of the original ClinicaDL 2.0.0 (MONAI 1.5).

For each metric of images and data set: the value of each sample, and of all. Where no class of a sample has a value the original
says 0 for it; here it is null. Cases with a spacing give it to MONAI, which the original cannot.
"""

import json
import math
import warnings
from pathlib import Path

import torch
from clinicadl.metrics.config import *
from monai.metrics.utils import get_code_to_measure_table

warnings.filterwarnings("ignore")
OUT = Path(__file__).parents[2] / "src" / "metrics" / "golden" / "image-metrics.json"


def clean(value):
    value = float(value)
    return None if math.isnan(value) else "inf" if math.isinf(value) else value


g = torch.Generator().manual_seed(0)


def smooth(*shape):
    """Masks of a few objects, some at the border."""
    noise = torch.randn(*shape, generator=g)
    for axis in range(2, len(shape)):
        noise = noise + noise.roll(1, axis)
    return (noise > 0.6 * noise.std()).float()


def one_hot(*shape, classes):
    indices = torch.randint(0, classes, shape, generator=g)
    return torch.stack([indices == c for c in range(classes)], 1).float()


def images(*shape):
    """Alike, with three digits."""
    label = torch.rand(*shape, generator=g)
    pred = 0.7 * label + 0.3 * torch.rand(*shape, generator=g)
    return (pred * 1000).round() / 1000, (label * 1000).round() / 1000


def box(*places, shape=(6, 7, 5)):
    mask = torch.zeros(1, *shape)
    for place in places:
        mask[(0, *place)] = 1
    return mask


s = slice
EMPTY = box()
EDGES = [  # output, label: both empty, one empty, single voxels, the border, equal, all of it, holes, one row
    (EMPTY, EMPTY),
    (EMPTY, box((1, 1, 1))),
    (box((0, 0, 0)), EMPTY),
    (box((0, 0, 0)), box((5, 6, 4))),
    (box((s(0, 3), s(0, 2), s(3, 5))), box((s(2, 6), s(4, 7), s(0, 3)))),
    (box((s(1, 4), s(2, 5), s(1, 3))), box((s(1, 4), s(2, 5), s(1, 3)))),
    (box((s(None), s(None), s(None))), box((2, 3, 2))),
    (box((s(1, 5), s(1, 6), s(1, 4))) - box((s(2, 4), s(3, 5), 2)), box((s(0, 4), s(1, 6), s(1, 4)))),
    (box((3, s(None), 2)), box((s(None), 3, 2), (0, 0, 0))),
]
DATA = {
    "volumes": (smooth(4, 1, 7, 9, 5), smooth(4, 1, 7, 9, 5)),
    "planes": (smooth(4, 1, 12, 9), smooth(4, 1, 12, 9)),
    "classes": (one_hot(3, 5, 4, 6, classes=3), one_hot(3, 5, 4, 6, classes=3)),
    "edges": tuple(torch.stack(side) for side in zip(*EDGES)),
    # nothing has a value where nothing is there
    "defined edges": tuple(torch.stack(side) for side in zip(*EDGES[3:])),
    "images": images(3, 2, 13, 11),
    "image volumes": images(2, 1, 8, 9, 7),
    "large images": images(2, 1, 26, 24),
}
DATA["missing"] = tuple(values.clone() for values in DATA["classes"])
DATA["missing"][0][0, 1], DATA["missing"][1][1, 2], DATA["missing"][1][2] = 0, 0, 0
CASES = []


def add(data, config, spacing=None):
    metric = config.get_object()
    output, label = DATA[data]
    values = metric.metric._compute_tensor(output.clone(), label.clone(), **({} if spacing is None else {"spacing": spacing}))
    CASES.append(
        {
            "data": data,
            "config": json.loads(json.dumps(config.to_dict())),
            "spacing": spacing,
            "loss": None,
            "optimum": metric.optimum.value,
            "samples": [None if row.isnan().all() else clean(metric._aggregate(row[None].clone())) for row in values],
            "aggregate": clean(metric._aggregate(values.clone())),
        }
    )


OBJECTS = ("volumes", "planes", "edges")
for reduction in ("mean", "sum"):
    for data in (*OBJECTS, "classes", "missing"):
        add(data, MeanIoUConfig(reduction=reduction))
        add(data, MeanIoUConfig(reduction=reduction, ignore_empty=False, include_background=False))
        for weight in ("square", "simple", "uniform"):
            add(data, GeneralizedDiceScoreConfig(reduction=reduction, weight_type=weight, include_background=weight == "simple"))
    for data in ("images", "image volumes"):
        add(data, PSNRMetricConfig(max_val=2.5, reduction=reduction))
for data, dims in (("images", 2), ("image volumes", 3)):
    add(data, SSIMMetricConfig(spatial_dims=dims, win_size=7))
    add(data, SSIMMetricConfig(spatial_dims=dims, win_size=4, kernel_sigma=0.8, data_range=2, reduction="sum"))
    sizes, sigmas = (3, 5, 7)[:dims], (0.5, 1.5, 2)[:dims]
    add(data, SSIMMetricConfig(spatial_dims=dims, win_size=sizes, kernel_sigma=sigmas, k1=0.1, k2=0))
    add(data, SSIMMetricConfig(spatial_dims=dims, win_size=sizes, kernel_type="uniform"))
    add(data, MultiScaleSSIMMetricConfig(spatial_dims=dims, kernel_size=3, weights=[1]))
for kernel in ("gaussian", "uniform"):
    add("large images", MultiScaleSSIMMetricConfig(spatial_dims=2, kernel_size=(3, 4), weights=[0.2, 0.3, 0.5], kernel_type=kernel, reduction="sum"))
for metric in ("euclidean", "chessboard", "taxicab"):
    for data in (*OBJECTS, "classes", "missing"):
        add(data, HausdorffDistanceMetricConfig(distance_metric=metric))
        add(data, SurfaceDistanceMetricConfig(distance_metric=metric))
    for data in ("volumes", "planes", "defined edges"):
        add(data, HausdorffDistanceMetricConfig(distance_metric=metric, percentile=95, reduction="sum"))
        add(data, HausdorffDistanceMetricConfig(distance_metric=metric, percentile=50, directed=True))
    add("edges", HausdorffDistanceMetricConfig(distance_metric=metric, directed=True))
    add("edges", SurfaceDistanceMetricConfig(distance_metric=metric, symmetric=True))
    add("classes", SurfaceDistanceMetricConfig(distance_metric=metric, include_background=True, reduction="sum"))
    for subvoxels in (False, True):
        options = {"distance_metric": metric, "use_subvoxels": subvoxels}
        for threshold in (0, 1, 1.5):
            for data in OBJECTS:
                add(data, SurfaceDiceMetricConfig(class_thresholds=[threshold], **options))
        for data in ("classes", "missing"):
            add(data, SurfaceDiceMetricConfig(class_thresholds=[1, 0], **options))
            add(data, SurfaceDiceMetricConfig(class_thresholds=[0, 1, 0.5], include_background=True, reduction="sum", **options))
# millimetres: the original has Euclidean ones only
for data, spacing in (("volumes", [0.5, 1.0, 3.0]), ("defined edges", [2.0, 0.75, 1.0]), ("planes", [0.6, 1.1])):
    add(data, HausdorffDistanceMetricConfig(percentile=90), spacing)
    add(data, SurfaceDistanceMetricConfig(symmetric=True), spacing)
    for subvoxels in (False, True):
        add(data, SurfaceDiceMetricConfig(class_thresholds=[1.2], use_subvoxels=subvoxels), spacing)

TABLES = [{"spacing": spacing, "sizes": get_code_to_measure_table(spacing)[0].tolist()} for spacing in ([1, 1], [0.7, 1.9], [1, 1, 1], [0.5, 1.2, 3])]
numbers = lambda values: [[numbers(v) for v in values] if values.ndim > 1 else [int(v) if v == int(v) else round(float(v), 3) for v in values]][0]
golden = {
    "data": {name: {"output": numbers(output), "label": numbers(label)} for name, (output, label) in DATA.items()},
    "cases": CASES,
    "tables": TABLES,
}
OUT.write_text(json.dumps(golden, separators=(",", ":")) + "\n", encoding="utf-8")
print(OUT, OUT.stat().st_size, "bytes,", len(CASES), "cases")
