"""One training with ClinicaDL 2.0.0, timed from inside. Called by run.mjs; prints one line of JSON last.

usage: reference.py BIDS SPLIT_DIR MAPS EPOCHS STARTED  (STARTED: epoch seconds at which the process was spawned)
"""

import json
import resource
import sys
import time
from pathlib import Path

bids, split_dir, maps, epochs, started = sys.argv[1:6]
settings = json.loads(sys.argv[6])

from clinicadl.callbacks import Callback  # noqa: E402
from clinicadl.data.datasets import BidsDataset  # noqa: E402
from clinicadl.io.bids import BidsFileType  # noqa: E402
from clinicadl.losses.config import BCEWithLogitsLossConfig  # noqa: E402
from clinicadl.models import SupervisedModel  # noqa: E402
from clinicadl.networks.config import CNNConfig  # noqa: E402
from clinicadl.optim import OptimizationConfig  # noqa: E402
from clinicadl.optim.optimizers.config import AdamConfig  # noqa: E402
from clinicadl.split import KFold  # noqa: E402
from clinicadl.train import ComputationalConfig, Trainer  # noqa: E402
from clinicadl.transforms import TransformsHandler  # noqa: E402
from clinicadl.transforms.config import ZNormalizationConfig  # noqa: E402

steps, first = [], []


class Watch(Callback):
    def on_forward_step_start(self, **kwargs):
        if not first:
            first.append(time.time() - float(started))
        self.begin = time.perf_counter()

    def on_optimization_step_end(self, **kwargs):
        steps.append(time.perf_counter() - self.begin)


dataset = BidsDataset(
    bids=bids,
    file_type=BidsFileType(suffix="T1w", data_type="anat"),
    data=f"{bids}/metadata.tsv",
    columns=["label"],
    transforms=TransformsHandler(image_transforms=[ZNormalizationConfig()]),
)
model = SupervisedModel(
    network=CNNConfig(
        in_shape=tuple(settings["inShape"]),
        num_outputs=1,
        conv_args=dict(channels=settings["channels"], padding=1, norm=settings["norm"], act=settings["act"], pooling_indices=settings["poolingIndices"]),
    ),
    loss=BCEWithLogitsLossConfig(),
    optimizer=AdamConfig(lr=settings["lr"]),
)
trainer = Trainer(maps=maps, model=model, optimization=OptimizationConfig(num_epochs=int(epochs)), callbacks=[Watch()])
split = next(iter(KFold(Path(split_dir)).get_splits(dataset, splits=[0])))
split.build_train_loader(batch_size=settings["batchSize"], shuffle=False)
split.build_val_loader(batch_size=settings["batchSize"])
trainer.train(split, computational=ComputationalConfig(gpu=False, amp=False, seed=settings["seed"]))

loads = []
for i in range(min(16, len(dataset))):
    begin = time.perf_counter()
    dataset[i]
    loads.append(time.perf_counter() - begin)
with open(f"{maps}/training/split-0/logs/training_loss.tsv") as table:
    losses = [float(line) for line in table.read().split("\n")[1:] if line]
print(json.dumps({
    "start": first[0], "steps": steps, "loads": loads, "losses": losses,
    "peakMB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
