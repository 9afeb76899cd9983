"""Writes src/models/golden/supervision.json: by what nnU-Net weighs the losses of 2 to 6 outputs, from its own trainer."""

import ast
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

package = next(Path(place) / "nnunetv2" for place in sys.path if (Path(place) / "nnunetv2").is_dir())
# the module would bring PyTorch, which the weights do not need: the one method of it is run
source = ast.parse((package / "training" / "nnUNetTrainer" / "nnUNetTrainer.py").read_text())
method = next(node for node in ast.walk(source) if isinstance(node, ast.FunctionDef) and node.name == "_build_loss")
names = {
    "np": np,
    "DC_and_CE_loss": lambda *args, **options: None,
    "MemoryEfficientSoftDiceLoss": None,
    "DeepSupervisionWrapper": lambda loss, weights: weights.tolist(),
}
exec(compile(ast.Module([method], []), "nnUNetTrainer", "exec"), names)


def weights(outputs):
    trainer = SimpleNamespace(
        label_manager=SimpleNamespace(has_regions=False, ignore_label=None),
        configuration_manager=SimpleNamespace(batch_dice=False),
        is_ddp=False,
        enable_deep_supervision=True,
        _do_i_compile=lambda: False,
        _get_deep_supervision_scales=lambda: [None] * outputs,
    )
    return names["_build_loss"](trainer)


target = Path(__file__).parents[2] / "src" / "models" / "golden" / "supervision.json"
target.write_text(json.dumps({str(n): weights(n) for n in range(2, 7)}, indent=1) + "\n")
