"""Writes src/split/golden/folds.json: the folds of scikit-learn that makeKFold has beyond ClinicaDL."""

import json
import random
from pathlib import Path

from sklearn.model_selection import LeaveOneGroupOut, RepeatedKFold, RepeatedStratifiedKFold, StratifiedGroupKFold

target = Path(__file__).parents[2] / "src" / "split" / "golden" / "folds.json"
target.parent.mkdir(exist_ok=True)


def folds(splitter, n, labels=None, groups=None):
    return [[int(i) for i in test] for _, test in splitter.split([[0]] * n, labels, groups)]


cases = []
for seed, n, n_groups, n_splits in [(0, 12, 5, 3), (1, 40, 11, 4), (42, 100, 60, 5), (7, 90, 8, 7), (4294967295, 61, 61, 2)]:
    draw = random.Random(seed)
    groups = [f"family-{draw.randrange(n_groups)}" for _ in range(n)]
    codes = [draw.randrange(n_groups) for _ in range(n)]
    labels = [draw.choice(["AD", "CN", "CN", "MCI"]) for _ in range(n)]
    for members in (groups, codes):
        for y in (labels, [0] * n):
            splitter = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
            cases.append({"method": "groups", "seed": seed, "nSplits": n_splits, "labels": y, "groups": members, "tests": folds(splitter, n, y, members)})
        cases.append({"method": "leave-one-out", "groups": members, "tests": folds(LeaveOneGroupOut(), n, None, members)})
    cases.append({"method": "repeated", "seed": seed, "nSplits": n_splits, "repeats": 3, "n": n, "tests": folds(RepeatedKFold(n_splits=n_splits, n_repeats=3, random_state=seed), n)})
    splitter = RepeatedStratifiedKFold(n_splits=n_splits, n_repeats=2, random_state=seed)
    cases.append({"method": "repeated-stratified", "seed": seed, "nSplits": n_splits, "repeats": 2, "labels": labels, "tests": folds(splitter, n, labels)})

target.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
