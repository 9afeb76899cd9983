"""Writes src/models/golden/models.json with the original ClinicaDL 2.0.0.

The text of nn_summary.txt, model.json, and the losses of a few training steps after Model.reset.
"""

import json
import sys
import warnings
from pathlib import Path

import torch
import torchio as tio

from clinicadl.data.dataloader import Batch
from clinicadl.data.structures import DataPoint
from clinicadl.losses.config import *
from clinicadl.models import ReconstructionModel, SupervisedModel
from clinicadl.networks.config import *
from clinicadl.optim.optimizers.config import *
from configs_common import text

warnings.filterwarnings("ignore")
OUT = Path(__file__).parents[2] / "src" / "models" / "golden" / "models.json"

CNN_ARGS = dict(
    in_shape=(1, 16, 16, 16),
    num_outputs=1,
    conv_args={"channels": [4, 8], "pooling_indices": [0], "norm": "batch"},
    # a batch normalisation over four numbers would blow up roundings, which no two kinds of processor share
    mlp_args={"hidden_dims": [16], "norm": None},
)
# before a batch normalisation a bias has no gradient but rounding, which Adam and RMSprop would blow up
NO_NORM_ARGS = dict(
    in_shape=(1, 16, 16, 16), num_outputs=1, conv_args={"channels": [4, 8], "pooling_indices": [0], "norm": None}
)
MODELS = {
    "cnn-bce-adam": lambda: SupervisedModel(CNNConfig(**NO_NORM_ARGS), BCEWithLogitsLossConfig(pos_weight=[2.0]), AdamConfig(lr=1e-2)),
    "cnn-mse-sgd": lambda: SupervisedModel(CNNConfig(**CNN_ARGS), MSELossConfig(), SGDConfig(lr=1e-2, momentum=0.9, weight_decay=1e-3)),
    "cnn-l1-rmsprop": lambda: SupervisedModel(CNNConfig(**NO_NORM_ARGS, mlp_args={"hidden_dims": [5], "norm": None}), L1LossConfig(), RMSpropConfig(lr=1e-3)),
    "encoder-reconstruction": lambda: ReconstructionModel(
        ConvEncoderConfig(spatial_dims=3, in_channels=1, channels=[3, 1], padding=1), MSELossConfig(), AdagradConfig()
    ),
}


def case(build):
    torch.manual_seed(0)
    model = build()
    images = torch.randn(4, 1, 16, 16, 16, generator=torch.Generator().manual_seed(3))
    batch = Batch(
        [
            DataPoint(image=tio.ScalarImage(tensor=im), participant_id=f"sub-{i:03d}", session_id="ses-M000", label=float(i % 2))
            for i, im in enumerate(images)
        ]
    )
    torch.manual_seed(5)
    optimizers = model.build_optimizers()
    model.reset()
    losses = []
    model.train()
    for _ in range(3):
        loss = model.forward_step(batch)
        model.backward_step(loss)
        model.optimization_step(optimizers)
        model.zero_grad(set_to_none=True)
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        model.evaluation_step(batch)
    return {
        "json": text(model),
        "state": [[k, list(v.shape)] for k, v in model.state_dict().items()],
        "text": str(model),
        "losses": losses,
        "output": batch.get_field("output").flatten()[:4].tolist(),
        "summary": model.get_summary(batch),
    }


if __name__ == "__main__":
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({name: case(build) for name, build in MODELS.items()}, indent=1) + "\n", encoding="utf-8")
    print(OUT.stat().st_size, "bytes", file=sys.stderr)
