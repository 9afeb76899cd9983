"""The peer of epochs.ts. usage: epochs.py SETTINGS, which prints seconds as JSON."""

import json
import resource
import sys
import time
import warnings

import torch
from clinicadl.data.dataloader import DataLoader
from clinicadl.data.datasets import BidsDataset
from clinicadl.io.bids import BidsFileType
from clinicadl.transforms import TransformsHandler, config

warnings.filterwarnings("ignore")
settings = json.loads(sys.argv[1])


def configs(part):
    of = lambda options: {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    return [getattr(config, name + "Config")(**of(options)) for name, options in settings["transforms"].get(part, [])]


dataset = BidsDataset(
    bids=settings["folder"],
    file_type=BidsFileType(suffix="T1w", data_type="anat"),
    transforms=TransformsHandler(image_transforms=configs("image_transforms"), augmentations=configs("augmentations")),
)
dataset.train()
workers = settings["workers"]
loader = DataLoader(dataset, batch_size=2, num_workers=workers, persistent_workers=workers > 0)
seconds = []
for epoch in range(settings["epochs"]):
    loader.set_epoch(epoch)
    begin = time.perf_counter()
    for batch in loader:
        batch.get_field("image", dtype=torch.float32)
    seconds.append(time.perf_counter() - begin)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + (resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if workers else 0)
print(json.dumps({"seconds": seconds, "peakMB": peak / 1024}))
