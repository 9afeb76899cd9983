"""Writes src/metrics/golden/intervals.json: intervals of scipy.stats.bootstrap from given draws, of a mean, of R² (pairs), and of an AUC (two strata)."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import bootstrap
from sklearn.metrics import r2_score

OUT = Path(__file__).parents[2] / "src" / "metrics" / "golden" / "intervals.json"
rng = np.random.default_rng(1)
N, DRAWS = 18, 150
errors = np.round(rng.gamma(1.5, 2.0, size=N), 3)
ages = np.round(rng.normal(70, 8, size=N), 2)
preds = np.round(ages + rng.normal(0, 5, size=N), 2)
positive, negative = np.round(rng.normal(0.9, 1, size=8), 1), np.round(rng.normal(0, 1, size=10), 1)


def auc(a, b):
    # of pairs, so that equal ones are equal to the last bit: BCa counts the draws that are below the value
    difference = np.subtract.outer(a, b)
    return ((difference > 0).sum() + (difference == 0).sum() / 2) / difference.size


CASES = {
    "mean": ([errors], lambda values: np.mean(values), False),
    "r2": ([preds, ages], lambda a, b: r2_score(b, a), True),
    "auc": ([positive, negative], auc, False),
}
out = {}
for name, (data, statistic, paired) in CASES.items():
    sizes = [N] if paired else [len(values) for values in data]
    indices = [rng.integers(0, size, size=(DRAWS, size)) for size in sizes]
    pick = lambda k: [values[indices[0][k]] for values in data] if paired else [values[i[k]] for values, i in zip(data, indices)]
    drawn = np.array([statistic(*pick(k)) for k in range(DRAWS)])
    intervals = []
    for method in ("BCa", "percentile"):
        for level in (0.95, 0.8):
            given = SimpleNamespace(bootstrap_distribution=drawn)
            found = bootstrap(data, statistic, n_resamples=0, bootstrap_result=given, method=method, confidence_level=level, paired=paired, vectorized=False)
            intervals.append({"method": method.lower(), "level": level, "lower": found.confidence_interval.low, "upper": found.confidence_interval.high})
    out[name] = {"data": [values.tolist() for values in data], "indices": [i.tolist() for i in indices], "value": float(statistic(*data)), "intervals": intervals}
quantiles = [[p, float(ndtri(p))] for p in (1e-300, 1e-12, 0.001, 0.025, 0.3, 0.5, 0.84, 0.999)]
shares = [[z, float(ndtr(z))] for z in (-30.0, -5.0, -1.96, -0.1, 0.0, 0.4, 1.5, 6.0)]
OUT.write_text(json.dumps({"cases": out, "quantiles": quantiles, "shares": shares}, separators=(",", ":")) + "\n")
