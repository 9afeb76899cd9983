"""Writes src/metrics/golden/beyond-metrics.json: metrics that ClinicaDL does not have, of scipy and scikit-learn, in the form of metrics.json."""

import json
from pathlib import Path

import numpy as np
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, r2_score, roc_auc_score

OUT = Path(__file__).parents[2] / "src" / "metrics" / "golden" / "beyond-metrics.json"
rng = np.random.default_rng(0)
ages = rng.normal(70, 8, size=(14, 1)).astype(np.float32)
DATA = {
    "ages": (ages + rng.normal(0, 5, size=ages.shape).astype(np.float32), ages),
    "ages-ties": (np.round(ages / 5) * 5, np.round(ages / 4) * 4),
    "ages-opposite": (-ages, ages),
    "ages-perfect": (ages, ages),
    "two-outputs": (rng.normal(size=(10, 2)).astype(np.float32), rng.normal(size=(10, 2)).astype(np.float32)),
    "labels-alike": (ages, np.full_like(ages, 70)),
}


def each(function):
    """Of several outputs the mean."""
    return lambda output, label: float(np.mean([function(output[:, k], label[:, k]) for k in range(output.shape[1])]))


METRICS = {
    "PearsonMetric": each(lambda a, b: pearsonr(a.astype(float), b.astype(float))[0]),
    # with labels that are alike, scikit-learn's is 0 or 1, which says nothing
    "R2Metric": lambda a, b: r2_score(b.astype(float), a.astype(float)) if np.ptp(b) > 0 else float("nan"),
    "SpearmanMetric": each(lambda a, b: spearmanr(a.astype(float), b.astype(float))[0]),
}
cases = []
for name, function in METRICS.items():
    config = {"name_": name, "pred_key": "output", "label_key": "label", "postprocessing": {"name_": "PostprocessingHandler", "transforms": []}}
    for data, (output, label) in DATA.items():
        value = function(output, label)
        cases.append({"data": data, "config": config, "loss": None, "optimum": "max", "samples": [None] * len(label), "aggregate": None if np.isnan(value) else value})
config = {**config, "name_": "BalancedAccuracyMetric"}
truth = rng.integers(0, 3, size=20)
SCORES = {
    "three-classes": (rng.normal(size=(20, 3)).astype(np.float32), truth[:, None]),
    "three-classes-one-hot": (rng.normal(size=(20, 3)).astype(np.float32), np.eye(3)[truth]),
    "class-indices": (rng.integers(0, 3, size=(20, 1)), truth[:, None]),
    "two-of-three-classes": (rng.normal(size=(20, 3)).astype(np.float32), np.minimum(truth, 1)[:, None]),
}
for name, (output, label) in SCORES.items():
    of = lambda values: values.argmax(1) if values.shape[1] > 1 else values[:, 0]
    right = (of(output) == of(label)).astype(float).tolist()
    aggregate = balanced_accuracy_score(of(label), of(output))
    cases.append({"data": name, "config": config, "loss": None, "optimum": "max", "samples": right, "aggregate": aggregate})
DATA |= SCORES

# of several classes; scikit-learn wants probabilities, of which only the order counts here
config = {**config, "name_": "ROCAUCMetric"}
base = {key: value for key, value in config.items()}
for name in ("three-classes", "three-classes-one-hot"):
    output, label = SCORES[name]
    probabilities = np.exp(output.astype(float)) / np.exp(output.astype(float)).sum(1, keepdims=True)
    truth = label.argmax(1) if label.shape[1] > 1 else label[:, 0]
    DATA[f"{name}-probabilities"] = (probabilities, label)
    for average in ("macro", "weighted"):
        for multi in ("ovr", "ovo"):
            value = roc_auc_score(truth, probabilities, average=average, multi_class=multi)
            options = {**base, "average": average, "multi_class": multi}
            cases.append({"data": f"{name}-probabilities", "config": options, "loss": None, "optimum": "max", "samples": [None] * len(label), "aggregate": value})
    if label.shape[1] == 1:
        value = roc_auc_score(np.eye(3)[truth], probabilities, average="micro")
        cases.append({"data": f"{name}-probabilities", "config": {**base, "average": "micro", "multi_class": "ovr"}, "loss": None, "optimum": "max", "samples": [roc_auc_score(np.eye(3)[[t]], [p], average="micro") for t, p in zip(truth, probabilities)], "aggregate": value})


def concordance(times, preds, events):
    """By the definition, pair by pair, with the ties of lifelines."""
    right = pairs = 0.0
    for i in range(len(times)):
        for j in range(len(times)):
            # i had the event, and j had none by then
            if i == j or not events[i] or not (times[i] < times[j] or (times[i] == times[j] and not events[j])):
                continue
            pairs += 1
            right += 1 if preds[i] < preds[j] else 0.5 if preds[i] == preds[j] else 0
    return right / pairs


base = {**{k: v for k, v in config.items()}, "name_": "ConcordanceIndexMetric"}
n = 40
times = rng.integers(1, 15, size=n).astype(float)
DATA["times"] = (np.round(times + rng.normal(0, 5, size=n))[:, None], times[:, None], {"event": rng.integers(0, 2, size=n)})
output, label, more = DATA["times"]
for event in (None, "event"):
    for predicts in ("time", "risk"):
        seen = more["event"] if event else np.ones(n)
        value = concordance(label[:, 0], output[:, 0] if predicts == "time" else -output[:, 0], seen)
        cases.append({"data": "times", "config": {**base, "event_key": event, "predicts": predicts}, "loss": None, "optimum": "max", "samples": [None] * n, "aggregate": value})

def expected_calibration_error(claimed, right, bins):
    """By the definition: bins (a, b] of equal width, and what lies at 0 in the first."""
    edges = np.linspace(0, 1, bins + 1)
    total = 0.0
    for k, (low, high) in enumerate(zip(edges, edges[1:])):
        inside = ((claimed > low) | (k == 0)) & (claimed <= high)
        if inside.any():
            total += inside.sum() / len(claimed) * abs(claimed[inside].mean() - right[inside].mean())
    return float(total)


base = {k: v for k, v in config.items() if k in ("pred_key", "label_key", "postprocessing")}
p = rng.uniform(size=(24, 1))
p[:3, 0] = [0, 1, 0.5]
y = (rng.uniform(size=24) < p[:, 0] ** 2).astype(int)
DATA["chances"] = (p, y[:, None])
DATA["two-chances"] = (np.hstack([1 - p, p]), y[:, None])
for name in ("chances", "two-chances", "three-classes-probabilities", "three-classes-one-hot-probabilities"):
    output, label = DATA[name]
    truth = label.argmax(1) if label.shape[1] > 1 else label[:, 0]
    binary = output.shape[1] < 3
    chance = output[:, -1] if binary else output
    brier = lambda t, q: float(brier_score_loss(t, q, pos_label=1)) if binary else float(brier_score_loss(t, q, labels=[0, 1, 2]))
    each = [brier([t], np.asarray([q])) if not binary else float((q - t) ** 2) for t, q in zip(truth, chance)]
    cases.append({"data": name, "config": {"name_": "BrierMetric", **base}, "loss": None, "optimum": "min", "samples": each, "aggregate": brier(truth, chance)})
    claimed, right = (output[:, 0], truth) if output.shape[1] == 1 else (output.max(1), output.argmax(1) == truth)
    for bins in (15, 4):
        cases.append({"data": name, "config": {"name_": "CalibrationErrorMetric", **base, "bins": bins}, "loss": None, "optimum": "min", "samples": np.abs(claimed - right).tolist(), "aggregate": expected_calibration_error(claimed, np.asarray(right, float), bins)})

data = {
    name: {"output": output.tolist(), "label": label.tolist(), **{key: values.tolist() for key, values in (more[0] if more else {}).items()}}
    for name, (output, label, *more) in DATA.items()
}
OUT.write_text(json.dumps({"data": data, "cases": cases}, separators=(",", ":")) + "\n")
