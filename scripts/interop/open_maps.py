"""Opens a MAPS that the TypeScript library wrote, with the original ClinicaDL 2.0.0 (run it in its environment).

usage: open_maps.py MAPS [--tolerance 1e-4]
           computes every metric of every checkpoint of every split anew, and compares with what the MAPS holds
       open_maps.py MAPS --resume SPLIT [--like OTHER_MAPS] [--tolerance 1e-4]
           goes on with an interrupted training to its end; OTHER_MAPS is the same training without an interruption

Works on a copy: the MAPS is not touched. Prints one line of JSON; exit code 1 where a difference is beyond the tolerance
or ClinicaDL refuses the MAPS.
"""

import argparse
import contextlib
import json
import math
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

import pandas as pd
import pydantic
import torch
from clinicadl.train import Trainer
from clinicadl.transforms.config import RandomFlipConfig

KEYS = ["participant_id", "session_id"]


def read(path):
    return pd.read_csv(path, sep="\t")


def largest(ours, theirs):
    """The largest absolute difference; NaN only equals NaN."""
    worst = 0.0
    for a, b in zip(ours, theirs, strict=True):
        a, b = float(a), float(b)
        if math.isnan(a) and math.isnan(b) or a == b:
            continue
        worst = max(worst, math.inf if math.isnan(a - b) else abs(a - b))
    return worst


def recompute(trainer, split_idx, name, metric):
    """The tables of one checkpoint: as they were, and with `metric` computed again."""
    folder = trainer.maps.training.splits[split_idx].models.get_checkpoint_dir(name).validation_metrics
    tables = [Path(folder.aggregated_tsv), Path(folder.details_tsv)]
    texts = [table.read_text() for table in tables]
    before = [read(table) for table in tables]
    if before[0].empty:  # the epoch of this checkpoint was not evaluated
        return None
    for table, df, keys in zip(tables, before, [["epoch"], ["epoch", *KEYS]], strict=True):
        df[keys].to_csv(table, sep="\t", index=False)
    # one metric at a time: in ClinicaDL the postprocessing of one metric changes what the next one sees
    trainer.validate(split_idx, metrics=[metric], model_checkpoint=name)
    after = [read(table) for table in tables]
    for table, text in zip(tables, texts, strict=True):
        table.write_text(text)
    return before, after


def compare(maps):
    trainer = Trainer.from_maps(maps)
    rows = []
    for split_idx in trainer.maps.training.splits_list:
        for name in trainer.maps.training.splits[split_idx].models.get_all_models():
            for metric in trainer.metrics.metrics:
                row = {"split": split_idx, "checkpoint": name, "metric": metric}
                rows.append(row)
                try:
                    tables = recompute(trainer, split_idx, name, metric)
                    if tables is None:
                        row["skipped"] = "not evaluated at this epoch"
                        continue
                    (aggregated, details), (aggregated_again, details_again) = tables
                    ours, theirs = (df.sort_values(KEYS) for df in (details, details_again))
                    if ours[KEYS].to_numpy().tolist() != theirs[KEYS].to_numpy().tolist():
                        row["error"] = "other participants in details.tsv"
                        continue
                    row["ours"] = float(aggregated[metric].iloc[0])
                    row["theirs"] = float(aggregated_again[metric].iloc[0])
                    row["aggregated"] = largest([row["ours"]], [row["theirs"]])
                    row["details"] = largest(ours[metric], theirs[metric])
                except Exception as error:  # what ClinicaDL refuses is the finding
                    traceback.print_exc(file=sys.stderr)
                    row["error"] = f"{type(error).__name__}: {error}"
    return rows


def resume(maps, split_idx, like):
    trainer = Trainer.from_maps(maps)
    split = trainer.maps.training.splits[split_idx]
    begun = max(split.tmp.epochs_list)
    trainer.resume(split_idx)
    folder = maps / "training" / f"split-{split_idx}"
    out = {
        "split": split_idx,
        "resumedAfterEpoch": begun,
        "epochs": trainer.state.current_epoch,
        "numEpochs": trainer.optimization.num_epochs,
        "finished": (folder / "models/final/model.pt").exists() and not any((folder / "tmp").glob("epoch*")),
    }
    if like is not None:
        other = like / "training" / f"split-{split_idx}"
        files = "logs/training_loss.tsv", "validation_metrics/aggregated.tsv"
        for key, file in zip(("loss", "metrics"), files, strict=True):
            one, two = read(folder / file), read(other / file)
            out[key] = {
                column: largest(one[column], two[column]) if column in two and len(one) == len(two) else math.inf
                for column in one.columns
            }
        one, two = (torch.load(f / "models/final/model.pt", weights_only=True) for f in (folder, other))
        same = list(one) == list(two)
        out["weights"] = max(float((one[k].double() - two[k].double()).abs().max()) for k in one) if same else math.inf
    return out


def without_flips(maps):
    """Leaves RandomFlip out of the datasets where ClinicaDL cannot make one; it plays no part in a validation."""
    try:
        RandomFlipConfig()
        return None
    except NotImplementedError:
        pass
    found = False
    for path in maps.glob("training/data/*/split-*/dataset.json"):
        dataset = json.loads(path.read_text())
        transforms = dataset["transforms"]
        kept = [t for t in transforms["augmentations"] if t["name_"] != "RandomFlip"]
        found = found or len(kept) < len(transforms["augmentations"])
        transforms["augmentations"] = kept
        path.write_text(json.dumps(dataset))
    if not found:
        return None
    return f"ClinicaDL 2.0.0 with pydantic {pydantic.VERSION} cannot make a RandomFlip: left out of the copy"


def finite(value):
    """JSON has no Infinity and no NaN."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [finite(v) for v in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("maps", type=Path)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--resume", type=int, metavar="SPLIT")
    parser.add_argument("--like", type=Path, metavar="OTHER_MAPS")
    args = parser.parse_args()

    out = {"maps": str(args.maps), "ok": False}
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        copy = Path(folder) / "maps"
        shutil.copytree(args.maps, copy)
        try:
            note = without_flips(copy)
            if note is not None:
                out["note"] = note
            if args.resume is None:
                rows = out["rows"] = compare(copy)
                out["largest"] = {}
                for row in rows:
                    key = f"split-{row['split']} {row['metric']}"
                    worst = math.inf if "error" in row else max(row.get("aggregated", 0.0), row.get("details", 0.0))
                    out["largest"][key] = max(out["largest"].get(key, 0.0), worst)
                out["ok"] = len(rows) > 0 and all(worst <= args.tolerance for worst in out["largest"].values())
            else:
                out.update(resume(copy, args.resume, args.like))
                worst = [*out.get("loss", {}).values(), *out.get("metrics", {}).values(), out.get("weights", 0.0)]
                out["ok"] = out["finished"] and out["epochs"] == out["numEpochs"] and max(worst) <= args.tolerance
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            out["error"] = f"{type(error).__name__}: {error}"
    print(json.dumps(finite(out)))
    return 0 if out["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
