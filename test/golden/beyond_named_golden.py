"""Writes src/networks/golden/beyond-named.json with MONAI: of networks beyond ClinicaDL that are large, the names and shapes of their weights, sums
of what a seed draws, and what comes out of a small image.
"""

import gc
import hashlib
import json
from pathlib import Path

import torch
from monai.networks.nets import SwinUNETR, mednext

OUT = Path(__file__).parents[2] / "src" / "networks" / "golden" / "beyond-named.json"

SWIN = {"in_channels": 1, "out_channels": 2, "depths": (2, 1, 1, 1), "window_size": (3, 4, 5), "feature_size": 12, "num_heads": (1, 2, 3, 4)}
CASES = {
    **{f"MedNeXt{size}": (lambda size=size: mednext.create_mednext(size), {}) for size in "SBML"},
    "SwinUNETR": (lambda: SwinUNETR(**SWIN), SWIN),
}


def image(*shape):
    count = torch.arange(torch.tensor(shape).prod().item(), dtype=torch.float64)
    return torch.sin(0.7 * count).reshape(shape).float()


out = {}
for name, (build, options) in CASES.items():
    torch.manual_seed(3)
    network = build().eval()
    state = network.state_dict()
    shape = (1, 1, 32, 32, 64) if name == "SwinUNETR" else (1, 1, 16, 16, 32)
    with torch.no_grad():
        output = network(image(*shape)).flatten()
    keys = "".join(f"{key} {list(tensor.shape)}\n" for key, tensor in state.items())
    out[name] = {
        "options": options,
        "input": shape,
        "keys": hashlib.sha256(keys.encode()).hexdigest(),
        "parameters": sum(p.numel() for p in network.parameters()),
        "abs": sum(tensor.double().abs().sum().item() for tensor in state.values()),
        "output": output[:: len(output) // 16].tolist(),
        "largest": output.abs().max().item(),
    }
    del network, state
    gc.collect()
OUT.write_text(json.dumps(out, indent=1) + "\n")
