"""
Writes src/transforms/golden/undone.json: images of thick voxels, of which the axes are turned, permuted or left-handed, after several spatial
transforms one after the other, and after TorchIO has undone these.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torchio as tio
from transforms_common import numbers

SHAPE = (6, 5, 4)
torch.manual_seed(4)
image = torch.rand(1, *SHAPE) * 100
labels = torch.randint(0, 4, (1, *SHAPE)).float()
voxels = np.diag([0.9, 1.7, 3.1])
c, s = np.cos(0.3), np.sin(0.3)
turned = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
AXES = {
    "left-handed": np.diag([-1, 1, 1]),
    "permuted": np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]),
    "oblique, permuted and left-handed": turned @ np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]]),
}
MOVEMENTS = [
    {"scales": [1.1, 0.9, 1.05], "degrees": [8, -5, 12], "translation": [0.5, -0.8, 1.1]},
    {"scales": [0.95, 1.08, 1], "degrees": [-4, 9, 3], "translation": [-0.3, 0.2, 0.6]},
]
FLIPS = [[0, 2], [1]]

chains = []
for name, axes in AXES.items():
    affine = np.eye(4)
    affine[:3, :3] = axes @ voxels
    affine[:3, 3] = [5, -20, 13]
    subject = tio.Subject(image=tio.ScalarImage(tensor=image.clone(), affine=affine), labels=tio.LabelMap(tensor=labels.clone(), affine=affine))
    for movement, flip in zip(MOVEMENTS, FLIPS):
        subject = tio.Affine(**{key: tuple(value) for key, value in movement.items()}, default_pad_value=0)(subject)
        subject = tio.Flip(tuple(flip))(subject)
    undone = subject.apply_inverse_transform(image_interpolation="linear", warn=False)
    chains.append({
        "name": name,
        "affine": affine.flatten().tolist(),
        "forward": numbers(subject.image.data),
        "labels": numbers(subject.labels.data),
        "undone": numbers(undone.image.data),
    })

content = {
    "shape": [1, *SHAPE],
    "image": numbers(image),
    "segmentation": numbers(labels),
    "movements": MOVEMENTS,
    "flips": FLIPS,
    "chains": chains,
}
path = Path(__file__).parents[2] / "src/transforms/golden/undone.json"
path.write_text(json.dumps(content) + "\n")
