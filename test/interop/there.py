"""Does what run.mjs asks of the original ClinicaDL 2.0.0; here.mjs does the same with this library.

usage: there.py JOBS RESULTS (as for here.mjs)
"""

import json
import sys
import traceback
from pathlib import Path

import torch
from clinicadl.data.dataloader import DataLoader
from clinicadl.data.datasets import BidsDataset
from clinicadl.io.bids import BidsFileType
from clinicadl.optim import OptimizationConfig
from clinicadl.split import KFold
from clinicadl.train import ComputationalConfig, Trainer
from clinicadl.transforms import TransformsHandler
from clinicadl.transforms.config import ZNormalizationConfig
from configurations import CONFIGURATIONS

BATCH = 2


class Interruption(Exception):
    pass


def dataset_of(configuration, bids, whole=False):
    """`whole`: without the extraction of parts of images that there may be in training."""
    extraction = None if whole else configuration.get("extraction")
    return BidsDataset(
        bids=bids,
        file_type=BidsFileType(suffix="T1w", data_type="anat"),
        data=f"{bids}/metadata.tsv",
        columns=configuration["columns"],
        transforms=TransformsHandler(
            image_transforms=[ZNormalizationConfig()],
            augmentations=configuration.get("augmentations", []),
            **({} if extraction is None else dict(extraction=extraction)),
        ),
    )


def watch(model, initial=None, stop=None):
    """Saves the weights before the first step, and stops before step number `stop`."""
    forward_step = model.forward_step
    steps = 0

    def watched(batch):
        nonlocal steps
        if steps == 0 and initial is not None:
            torch.save(model.state_dict(), initial)
        if steps == stop:
            raise Interruption("stopped on purpose")
        steps += 1
        return forward_step(batch)

    model.forward_step = watched


def train(configuration, maps, bids, folds, initial=None, stop=None):
    chosen = CONFIGURATIONS[configuration]()
    watch(chosen["model"], initial, stop)
    trainer = Trainer(
        maps=maps,
        model=chosen["model"],
        metrics=chosen["metrics"],
        optimization=OptimizationConfig(num_epochs=chosen["epochs"]),
        callbacks=chosen["callbacks"],
    )
    computational = ComputationalConfig(
        gpu=False, amp=False, seed=42, deterministic=True, channels_last=chosen.get("channels_last", True)
    )
    sides = dict(dataset=dataset_of(chosen, bids), eval_dataset=dataset_of(chosen, bids, whole=True))
    for split in KFold(Path(folds)).get_splits(**sides, splits=chosen["splits"]):
        split.build_train_loader(batch_size=BATCH, shuffle=chosen.get("shuffle", False))
        split.build_val_loader(batch_size=BATCH)
        try:
            trainer.train(split, computational=computational)
            if stop is not None:
                raise RuntimeError("the training came to its end before it was to be interrupted")
        except Interruption:
            pass


def validate(maps):
    trainer = Trainer.from_maps(maps)
    for split_idx in trainer.maps.training.splits_list:
        # one at a time: the postprocessing of one metric changes what the next one sees (defect D17)
        for metric in trainer.metrics.metrics:
            trainer.validate(split_idx, metrics=[metric])


def test(maps, configuration, bids, tests):
    """Each test has `participants`, a TSV of who is in the group; without it, the group is read from the MAPS."""
    trainer = Trainer.from_maps(maps)
    computational = ComputationalConfig(gpu=False, amp=False)
    for one in tests:
        dataloader = None
        if "participants" in one:
            dataset = dataset_of(CONFIGURATIONS[configuration](), bids, whole=True).subset(one["participants"])
            dataloader = DataLoader(dataset, batch_size=BATCH, shuffle=False)
        trainer.test(one["checkpoint"], one["group"], dataloader=dataloader, computational=computational)


def resume(maps):
    Trainer.from_maps(maps).resume(0)


JOBS = dict(train=train, validate=validate, test=test, resume=resume)


def main(jobs, results):
    found = {}
    for item in json.loads(Path(jobs).read_text()):
        id_, job = item.pop("id"), item.pop("job")
        try:
            JOBS[job](**item)
            found[id_] = {}
        except Exception as error:
            found[id_] = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
    Path(results).write_text(json.dumps(found))


main(*sys.argv[1:])
