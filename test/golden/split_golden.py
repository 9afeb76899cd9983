"""Writes src/split/golden/splits.json: what ClinicaDL 2.0.0's make_kfold and make_split do with several tables."""

import json
import random
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from clinicadl.split import make_kfold, make_split
from scipy import stats

target = Path(__file__).parents[2] / "src" / "split" / "golden" / "splits.json"
target.parent.mkdir(exist_ok=True)


def table(n, sessions, seed):
    draw = random.Random(seed)
    rows = []
    ids = [f"sub-{i:03d}" for i in range(n)]
    draw.shuffle(ids)
    for i, sub in enumerate(ids):
        sex = draw.choice("FM")
        site = draw.choice(["a", "b", "b", "c"])
        age = round(draw.uniform(55, 90), 1)
        for s in draw.sample(range(4), sessions):
            rows.append({"participant_id": sub, "session_id": f"ses-M{6 * s:03d}", "sex": sex, "site": site, "group": i % 3, "age": age})
    return rows


def tree(path):
    return {str(p.relative_to(path)): p.read_text() for p in sorted(path.rglob("*")) if p.is_file()}


cases = []
tables = {"small": table(9, 2, 0), "one-session": table(32, 1, 1), "large": table(150, 3, 2)}
tables["equal-sessions"] = [{**row, "session_id": "ses-M000"} for row in table(70, 1, 3)]
for name, rows in tables.items():
    for options in [
        {"n_splits": 3, "seed": 0},
        {"n_splits": 4, "seed": 42, "longitudinal": True},
        {"n_splits": 2, "seed": 7, "stratification": True},
        {"n_splits": 3, "seed": 123456789, "stratification": "site", "subset_name": "test"},
        {"n_splits": 2, "seed": 4294967295, "stratification": "group", "longitudinal": True},
    ]:
        with tempfile.TemporaryDirectory() as tmp:
            path = make_kfold(pd.DataFrame(rows), output_dir=tmp, **options)
            cases.append({"function": "make_kfold", "table": name, "options": options, "folder": path.name, "files": tree(path)})
    for options in [
        {"n_test": 0.25, "seed": 0},
        {"n_test": 2, "seed": 1, "longitudinal": True},
        {"n_test": 0, "seed": 2, "subset_name": "validation"},
        {"n_test": 0.3, "seed": 3, "stratification": ["age"], "p_continuous_threshold": 0.9},
    ]:
        with tempfile.TemporaryDirectory() as tmp:
            path = make_split(pd.DataFrame(rows), output_dir=tmp, **options)
            cases.append({"function": "make_split", "table": name, "options": options, "folder": path.name, "files": tree(path)})

state = np.random.RandomState(2024)
numpy_stream = {
    "seed": 2024,
    "random": state.random_sample(5).tolist(),
    "permutation": state.permutation(1000).tolist(),
    "after": state.random_sample(2).tolist(),
}
rng = np.random.default_rng(0)
tests = []
for n, m in [(2, 5), (8, 24), (30, 200), (500, 800)]:
    a, b = rng.normal(0, 1, n).tolist(), rng.normal(0.2, 1, m).tolist()
    tests.append({"test": "t", "a": a, "b": b, "p": float(stats.ttest_ind(a, b).pvalue)})
for observed, reference in [([5, 5], [3, 7]), ([500, 500], [300, 700]), ([4, 9, 2], [40, 70, 30]), ([1, 0, 3, 4, 5], [9, 1, 8, 9, 9])]:
    o, e = np.array(observed, float), np.array(reference, float)
    tests.append({"test": "chi2", "a": observed, "b": reference, "p": float(stats.chisquare(o, e / e.sum() * o.sum()).pvalue)})

target.write_text(json.dumps({"tables": tables, "cases": cases, "numpy": numpy_stream, "tests": tests}, separators=(",", ":")) + "\n")
