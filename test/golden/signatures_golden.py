"""Writes golden/signatures.json of src/data/dataloader, src/data/datasets and src/split: the options of ClinicaDL 2.0.0's functions and classes, with their defaults."""

import inspect
import json
from pathlib import Path

from clinicadl.data.dataloader import DataLoader, MergeBatchesCollate
from clinicadl.data.datasets import BidsDataset, ConcatDataset, PairedDataset, TensorDataset, UnpairedDataset
from clinicadl.split import Split, make_kfold, make_split
from clinicadl.split.split import SplitConfig

src = Path(__file__).parents[2] / "src"
REQUIRED = inspect.Parameter.empty


def plain(value):
    """The value, if JSON has it."""
    if isinstance(value, tuple):
        return list(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else f"<{type(value).__name__}>"


def options(function):
    """The names of the parameters; those with a default with it."""
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    return {
        "required": [p.name for p in parameters if p.default is REQUIRED],
        "defaults": {p.name: plain(p.default) for p in parameters if p.default is not REQUIRED},
    }


def write(room, golden):
    target = src / room / "golden" / "signatures.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


write("data/dataloader", {"DataLoader": options(DataLoader.__init__), "MergeBatchesCollate": options(MergeBatchesCollate.__init__)})
write(
    "data/datasets",
    {
        "BidsDataset": options(BidsDataset.__init__),
        "BidsDataset.to_tensors": options(BidsDataset.to_tensors),
        "BidsDataset.sanity_check": options(BidsDataset.sanity_check),
        "ConcatDataset": options(ConcatDataset.__init__),
        "ConcatDataset.sanity_check": options(ConcatDataset.sanity_check),
        "PairedDataset": options(PairedDataset.__init__),
        "TensorDataset": options(TensorDataset.__init__),
        "UnpairedDataset": options(UnpairedDataset.__init__),
    },
)
write(
    "split",
    {
        "make_split": options(make_split),
        "make_kfold": options(make_kfold),
        "Split": options(Split.__init__),
        "Split.build_train_loader": options(Split.build_train_loader),
        "Split.build_val_loader": options(Split.build_val_loader),
        "json": sorted(SplitConfig.model_fields),
    },
)
