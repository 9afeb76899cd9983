"""Writes src/train/golden/events.json: what ClinicaDL 2.0.0's Trainer tells its callbacks, in which order and with what."""

import json
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
from clinicadl.callbacks import Callback, ModelCheckpointCallback, TrainingCheckpointCallback
from clinicadl.callbacks.base import Event
from clinicadl.data.dataloader import DataLoader
from clinicadl.data.datasets import BidsDataset
from clinicadl.io.bids import BidsFileType
from clinicadl.losses.config import BCEWithLogitsLossConfig
from clinicadl.metrics.config import LossMetricConfig, MAEMetricConfig
from clinicadl.models import SupervisedModel
from clinicadl.networks.config import CNNConfig
from clinicadl.optim import OptimizationConfig
from clinicadl.optim.optimizers.config import AdamConfig
from clinicadl.split import Split
from clinicadl.train import ComputationalConfig, Trainer

target = Path(__file__).parents[2] / "src" / "train" / "golden" / "events.json"
STATE = ["called", "stage", "should_stop", "current_train_batch", "num_train_batches", "current_val_batch"]
STATE += ["num_val_batches", "current_test_batch", "num_test_batches", "current_epoch", "num_epochs", "optim_step", "split_idx"]
ALWAYS = ["maps", "model", "state"]


CLIP = 1e-3
given = {}


class Recorder(Callback):
    def __init__(self):
        self.events = []


def record(event):
    def method(self, **kwargs):
        given[event] = sorted(set(kwargs) - set(ALWAYS))
        state, model = kwargs["state"].to_dict(), kwargs["model"]
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        what = "none" if not gradients else "clipped" if sum(g.norm() ** 2 for g in gradients) ** 0.5 < 2 * CLIP else "whole"
        mode = "train" if model.training else "eval"
        self.events.append([event, mode, what, *[state[name] for name in STATE]])

    return method


for event in Event:
    setattr(Recorder, event.value, record(event.value))


class Fails(Callback):
    """Once, in the first batch of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_backward_step_end(self, *, state, **kwargs):
        if state.current_epoch == self.epoch:
            self.epoch = None
            raise RuntimeError("stopped")


def watch(trainer):
    """Notes for each event who is told, in their order."""
    order = {}
    for callback in trainer.callbacks.all_callbacks:
        for event in Event:
            method = getattr(callback, event.value)

            def wrapper(_name=type(callback).__name__, _event=event.value, _method=method, **kwargs):
                # each event as it is told for the first time
                called = order.setdefault(_event, [])
                if _name not in called:
                    called.append(_name)
                return _method(**kwargs)

            setattr(callback, event.value, wrapper)
    return order


def dataset(root, ids):
    table = pd.DataFrame([{"participant_id": f"sub-{i}", "session_id": "ses-M000", "label": float(i % 2)} for i in ids])
    return BidsDataset(bids=root, file_type=BidsFileType(suffix="T1w", data_type="anat"), data=table, columns=["label"])


def split(root):
    made = Split(index=0, train_dataset=dataset(root, [0, 1, 2, 3]), val_dataset=dataset(root, [4, 5]))
    made.build_train_loader(batch_size=1)
    made.build_val_loader(batch_size=1)
    return made


def trainer(path, *callbacks):
    recorder = Recorder()
    network = CNNConfig(in_shape=(1, 8, 8, 8), num_outputs=1, conv_args={"channels": [2]}, mlp_args={"hidden_dims": [2], "norm": None})
    made = Trainer(
        maps=path,
        model=SupervisedModel(network=network, loss=BCEWithLogitsLossConfig(), optimizer=AdamConfig()),
        metrics={"loss": LossMetricConfig(), "mae": MAEMetricConfig()},
        optimization=OptimizationConfig(num_epochs=2, accumulation_steps=2, evaluation_interval=2, clip_grad_norm=CLIP),
        callbacks=[recorder, TrainingCheckpointCallback(every_n_epochs=1), ModelCheckpointCallback(metric="loss"), *callbacks],
    )
    return made, recorder


def taken(recorder):
    events, recorder.events = recorder.events, []
    return events


with tempfile.TemporaryDirectory() as tmp:
    root = Path(tmp) / "bids"
    root.mkdir()
    (root / "dataset_description.json").write_text(json.dumps({"Name": "c", "BIDSVersion": "1.10.0", "DatasetType": "raw"}))
    for i in range(8):
        folder = root / f"sub-{i}" / "ses-M000" / "anat"
        folder.mkdir(parents=True)
        voxels = np.random.default_rng(i).normal(size=(8, 8, 8)).astype(np.float32)
        nib.save(nib.Nifti1Image(voxels, np.eye(4)), folder / f"sub-{i}_ses-M000_T1w.nii.gz")
    cpu = ComputationalConfig(gpu=False, amp=False, seed=0)

    one, recorder = trainer(Path(tmp) / "one")
    order = watch(one)
    calls = {"init": taken(recorder)}
    one.train(split(root), cpu)
    calls["train"] = taken(recorder)
    one.validate(0, ["mae"], dataloader=split(root).val_loader)
    calls["validate"] = taken(recorder)
    one.test("split-0_final", "other", dataloader=DataLoader(dataset(root, [6, 7]), batch_size=1), computational=cpu)
    calls["test"] = taken(recorder)

    two, recorder = trainer(Path(tmp) / "two", Fails(2))
    more = watch(two)
    taken(recorder)
    try:
        two.train(split(root), cpu)
    except RuntimeError:
        pass
    calls["failing"] = taken(recorder)
    two.resume(0, split(root))
    calls["resume"] = taken(recorder)
    for event in ["on_exception", "on_resume"]:
        order[event] = more[event]

target.parent.mkdir(exist_ok=True)
target.write_text(json.dumps({"columns": ["event", "mode", "gradients", *STATE], "given": given, "order": order, "calls": calls}, separators=(",", ":")) + "\n")
