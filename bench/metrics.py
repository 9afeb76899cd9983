"""The peers of metrics.ts. usage: metrics.py monai|deepmind SETTINGS, which prints seconds and values as JSON."""

import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
library, settings = sys.argv[1], json.loads(sys.argv[2])
shape, spacing = settings["shape"], [float(size) for size in settings["spacing"]]


def ellipsoid(shift, dent):
    """A segmentation whose surface is uneven, the same on all sides: numbers of which float64 has no doubt."""
    axes = [(np.arange(n) - n // 2 - shift) / (n * 0.35) for n in shape]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    waves = [(np.arange(n) * 7 % 16 - 8) / 64 for n in shape]
    u, v, w = np.meshgrid(*waves, indexing="ij")
    return x * x + y * y + z * z + dent * (u + v + w) < 1


pred, label = ellipsoid(2, 1), ellipsoid(0, 0.5)


def monai():
    import torch
    from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance, compute_surface_dice

    torch.set_num_threads(1)
    a, b = [torch.from_numpy(mask)[None, None].float() for mask in (pred, label)]
    common = dict(include_background=True, spacing=spacing)
    return {
        "SurfaceDistance": lambda: compute_average_surface_distance(a, b, symmetric=True, **common),
        "HausdorffDistance": lambda: compute_hausdorff_distance(a, b, **common),
        "HausdorffDistance95": lambda: compute_hausdorff_distance(a, b, percentile=95, **common),
        # where distances go along the grid, MONAI knows no size of voxels
        "HausdorffTaxicab": lambda: compute_hausdorff_distance(a, b, include_background=True, distance_metric="taxicab"),
        "HausdorffChessboard": lambda: compute_hausdorff_distance(a, b, include_background=True, distance_metric="chessboard"),
        "SurfaceDice": lambda: compute_surface_dice(a, b, [2.0], **common),
        "SurfaceDiceSubvoxels": lambda: compute_surface_dice(a, b, [2.0], use_subvoxels=True, **common),
    }


def deepmind():
    import surface_distance as sd

    distances = lambda: sd.compute_surface_distances(label, pred, spacing)
    dice = lambda: sd.compute_surface_dice_at_tolerance(distances(), 2.0)
    return {
        "SurfaceDistance": lambda: np.mean(sd.compute_average_surface_distance(distances())),
        "HausdorffDistance": lambda: sd.compute_robust_hausdorff(distances(), 100),
        "HausdorffDistance95": lambda: sd.compute_robust_hausdorff(distances(), 95),
        "SurfaceDice": dice,
        "SurfaceDiceSubvoxels": dice,
    }


measured = {"monai": monai, "deepmind": deepmind}[library]()
seconds, values = [], []
for name in settings["rows"]:
    if name not in measured:
        seconds.append([])
        values.append(None)
        continue
    taken = []
    for i in range(settings["times"] + 1):  # the first warms up
        begin = time.perf_counter()
        value = float(measured[name]())
        if i > 0:
            taken.append(time.perf_counter() - begin)
    seconds.append(taken)
    values.append(value)
print(json.dumps({"seconds": seconds, "values": values}))
