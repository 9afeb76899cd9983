"""Writes src/metrics/golden/calibration.json: temperatures with the least cross-entropy, found by scipy's minimiser, and thresholds of scikit-learn's ROC curves."""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.metrics import roc_curve

OUT = Path(__file__).parents[2] / "src" / "metrics" / "golden" / "calibration.json"
rng = np.random.default_rng(3)
cases = []
for classes, scale in ((1, 4.0), (1, 0.2), (3, 3.0)):
    n = 60
    labels = rng.integers(0, max(2, classes), size=n)
    signal = labels[:, None] * 1.5 if classes == 1 else np.eye(3)[labels] * 1.5
    logits = np.round(scale * (signal - (0.75 if classes == 1 else 0) + rng.normal(size=(n, classes))), 3)
    full = np.hstack([np.zeros((n, 1)), logits]) if classes == 1 else logits
    loss = lambda t: -log_softmax(full / np.exp(t), axis=1)[np.arange(n), labels].mean()
    temperature = float(np.exp(minimize_scalar(loss, bounds=(-6, 6), method="bounded", options={"xatol": 1e-10}).x))
    probabilities = softmax(full / temperature, axis=1)
    cases.append({"logits": logits.tolist(), "labels": labels.tolist(), "temperature": temperature, "probabilities": (probabilities[:, 1:] if classes == 1 else probabilities).tolist()})

thresholds = []
for digits in (4, 1, 0):
    labels = rng.integers(0, 2, size=40)
    scores = np.round(labels * 1.2 + rng.normal(size=40), digits)
    fpr, tpr, at = roc_curve(labels, scores, drop_intermediate=False)
    index = int(np.argmax(np.round(tpr - fpr, 9)))
    thresholds.append({"scores": scores.tolist(), "labels": labels.tolist(), "threshold": at[index], "sensitivity": tpr[index], "specificity": 1 - fpr[index]})
OUT.write_text(json.dumps({"temperatures": cases, "thresholds": thresholds}, separators=(",", ":")) + "\n")
