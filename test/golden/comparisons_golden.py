"""Writes src/metrics/golden/comparisons.json: DeLong's variance from all pairs of samples, by the definition of the paper; McNemar's tests from scipy's distributions."""

import json
from pathlib import Path

import numpy as np
from scipy.stats import binomtest, chi2, norm

OUT = Path(__file__).parents[2] / "src" / "metrics" / "golden" / "comparisons.json"
rng = np.random.default_rng(2)


def kernel(scores, labels):
    difference = np.subtract.outer(scores[labels == 1], scores[labels == 0])
    return (difference > 0) + 0.5 * (difference == 0)


def delong(*models, labels, level):
    kernels = [kernel(scores, labels) for scores in models]
    aucs = np.array([k.mean() for k in kernels])
    s10, s01 = (np.atleast_2d(np.cov([k.mean(axis) for k in kernels])) for axis in (1, 0))
    covariance = s10 / kernels[0].shape[0] + s01 / kernels[0].shape[1]
    z = norm.ppf((1 + level) / 2)
    first = covariance[0, 0]
    single = {"auc": aucs[0], "variance": first, "lower": max(0, aucs[0] - z * first**0.5), "upper": min(1, aucs[0] + z * first**0.5)}
    difference = aucs[0] - aucs[1]
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    statistic = difference / variance**0.5
    return single, {
        "aucs": aucs.tolist(), "difference": difference, "variance": variance,
        "lower": difference - z * variance**0.5, "upper": difference + z * variance**0.5,
        "z": statistic, "pValue": 2 * norm.sf(abs(statistic)),
    }


cases = []
for n, digits, level in ((30, 6, 0.95), (25, 1, 0.95), (40, 0, 0.9)):
    labels = np.arange(n) % 3 == 0
    models = [np.round(labels * shift + rng.normal(size=n), digits) for shift in (1.5, 0.6)]
    single, both = delong(*models, labels=labels, level=level)
    cases.append({"labels": labels.astype(int).tolist(), "first": models[0].tolist(), "second": models[1].tolist(), "level": level, "delong": single, "test": both})

tests = []
for b, c in ((3, 12), (12, 3), (5, 5), (0, 1), (0, 9), (61, 40)):
    exact = binomtest(min(b, c), b + c).pvalue
    plain, corrected = ((abs(b - c) - d) ** 2 / (b + c) for d in (0, 1))
    tests.append({"onlyFirst": b, "onlySecond": c, "exact": exact, "plain": [plain, chi2.sf(plain, 1)], "corrected": [corrected, chi2.sf(corrected, 1)]})
OUT.write_text(json.dumps({"cases": cases, "mcnemar": tests}, separators=(",", ":")) + "\n")
