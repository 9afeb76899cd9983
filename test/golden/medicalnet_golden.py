"""Writes src/networks/golden/medicalnet.json with MONAI: the names and shapes of a small 3D ResNet of the kind that MedicalNet trained, and what it gives
with weights that any language computes alike.
"""

import json
import math
from pathlib import Path

import torch
from monai.networks.nets import resnet

OUT = Path(__file__).parents[2] / "src" / "networks" / "golden" / "medicalnet.json"
BLOCKS = {"basic": resnet.ResNetBlock, "bottleneck": resnet.ResNetBottleneck}


def given(number, shape):
    flat = [math.sin(0.7 * i * i + 0.5 * i + 1.3 * number) for i in range(math.prod(shape))]
    return torch.tensor(flat, dtype=torch.float64).reshape(shape)


def case(block, layers, planes):
    # what MedicalNet's networks of 10, 50, 101, 152 and 200 layers are made with
    network = resnet.ResNet(
        block=BLOCKS[block], layers=layers, block_inplanes=planes, spatial_dims=3, n_input_channels=1, feed_forward=False, shortcut_type="B", bias_downsample=False
    )
    network = network.double().eval()
    state = network.state_dict()
    for number, (key, tensor) in enumerate(state.items()):
        if tensor.dtype == torch.float64:
            value = given(number, tensor.shape)
            tensor.copy_(value.abs() + 0.5 if key.endswith("running_var") else value)
    x = given(-1, (2, 1, 24, 20, 28))
    with torch.no_grad():
        output = network(x)
    return {
        "block": block,
        "layers": layers,
        "features": [n * BLOCKS[block].expansion for n in planes],
        "weights": [[key, list(tensor.shape), str(tensor.dtype).removeprefix("torch.")] for key, tensor in state.items()],
        "input": list(x.shape),
        "output": output.tolist(),
    }


golden = [case("basic", [1, 1, 1, 1], [2, 3, 4, 5]), case("bottleneck", [1, 2, 1, 1], [2, 2, 3, 4])]
OUT.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
