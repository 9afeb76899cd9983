"""Writes src/networks/golden/named.json with the original ClinicaDL 2.0.0: of each network whose layers its name says, the names and
shapes of its weights, sums of what a seed draws, and an output; and for each family how torchvision names its weights.

The weights are large, so only sums are kept: of each hundredth of them, in their order.
"""

import gc
import hashlib
import json
from pathlib import Path

import torch
import torchvision.models as tv

from clinicadl.networks import config as configs

OUT = Path(__file__).parents[2] / "src" / "networks" / "golden" / "named.json"
NAMES = [
    *("DenseNet121", "DenseNet161", "DenseNet169", "DenseNet201"),
    *("ResNet18", "ResNet34", "ResNet50", "ResNet101", "ResNet152"),
    # ViTL16 differs from ViTL32 in its patches only, and takes 1.2 GB
    *("ViTB16", "ViTB32", "ViTL32"),
]


def image(*shape):
    count = torch.arange(torch.tensor(shape).prod().item(), dtype=torch.float64)
    return torch.sin(0.7 * count).reshape(shape).float()


out = {}
for name in NAMES:
    torch.manual_seed(3)
    network = getattr(configs, name + "Config")(num_outputs=3, output_act="softmax").get_object().eval()
    state = network.state_dict()
    side = 224 if name.startswith("ViT") else 64
    with torch.no_grad():
        output = network(image(2, 3, side, side))
    keys = "".join(f"{key} {list(tensor.shape)}\n" for key, tensor in state.items())
    torchvision_name = name.lower() if "Net" in name else f"vit_{name[3].lower()}_{name[4:]}"
    theirs = getattr(tv, torchvision_name)(weights=None).state_dict()
    out[name] = {
        "keys": hashlib.sha256(keys.encode()).hexdigest(),
        "count": len(state),
        "parameters": sum(p.numel() for p in network.parameters()),
        "abs": sum(tensor.double().abs().sum().item() for tensor in state.values()),
        "output": output.flatten().tolist(),
        "theirs": hashlib.sha256("".join(f"{key} {list(tensor.shape)}\n" for key, tensor in theirs.items()).encode()).hexdigest(),
    }
    del network, state, theirs
    gc.collect()
OUT.write_text(json.dumps(out, indent=1) + "\n")
