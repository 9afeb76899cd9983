"""
What the makers of the transforms' golden files share: one data point of small images, and how a case is written down. Each maker writes its
cases to src/transforms/golden/<name>.json; the tests read all files there.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torchio as tio
from clinicadl.data.structures import DataPoint

torch.manual_seed(0)
data = torch.randn(1, 5, 6, 7) * 30 + 100
mask = (torch.rand(1, 5, 6, 7) > 0.4).float()
t2 = torch.randn(2, 5, 6, 7) * 20 + 5
segmentation = torch.randint(0, 5, (1, 5, 6, 7)).float()
lesion = torch.zeros(1, 5, 6, 7)
lesion[0, 1:3, 2:5, 3:5] = 2
lesion[0, 2, 4, 6] = 1
c10, s10 = np.cos(0.2), np.sin(0.2)
oblique = np.array([[0, 0, 3.0, 7], [-2 * c10, 0.8 * s10, 0, 5], [2 * s10, 0.8 * c10, 0, -4], [0, 0, 0, 1]])
IMAGES = {"image": tio.ScalarImage, "t2": tio.ScalarImage, "brain": tio.LabelMap, "segmentation": tio.LabelMap, "lesion": tio.LabelMap}
TENSORS = {"image": data, "t2": t2, "brain": mask, "segmentation": segmentation, "lesion": lesion}


def point(names=("image", "brain")):
    images = {name: IMAGES[name](tensor=TENSORS[name].clone(), affine=oblique) for name in names}
    return DataPoint(participant_id="sub-1", session_id="ses-1", **images)


def numbers(tensor):
    """As short as float32 needs them."""
    return [float(np.format_float_positional(v, unique=True)) for v in tensor.flatten().float().numpy()]


def shown(p, names=("image", "brain")):
    return {
        name: {"shape": list(p[name].data.shape), "data": numbers(p[name].data), "affine": np.asarray(p[name].affine).flatten().tolist()}
        for name in names
    }


cases = []


def case(config, transform=None, names=("image", "brain"), written=None):
    """A transform that draws nothing. With a recent pydantic some configs cannot be made (defect D27): then TorchIO's transform is given."""
    transform = transform or config.get_object()
    cases.append({"config": written or config.to_dict(), "images": names, "parameters": None, "result": shown(transform(point(names)), names)})


def drawn(config, seed=1, names=("image", "t2", "brain"), shared=None, options=()):
    """
    A random transform. What TorchIO drew is in the history: for each image, or, with `shared`, for all of them together, as `shared` makes
    it of TorchIO's arguments. `options` are arguments that are no draws.
    """
    torch.manual_seed(seed)
    result = config.get_object()(point(names))
    arguments = {key: value for key, value in result.applied_transforms[-1][1].items()}
    if shared is None:
        own = {key: value for key, value in arguments.items() if isinstance(value, dict) and key not in options}
        images = next(iter(own.values())).keys()
        parameters = {image: {key: value[image] for key, value in own.items()} for image in images}
    else:
        parameters = shared(arguments)
    cases.append({"config": config.to_dict(), "images": names, "parameters": parameters, "result": shown(result, names)})


def images():
    """What all images start as."""
    return {
        name: {"kind": "scalar" if kind is tio.ScalarImage else "label", **shown(point(("image", name)), (name,))[name]}
        for name, kind in IMAGES.items()
    }


def plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (np.integer, np.floating)):
        return value.item()
    return str(value)


def write(name, **more):
    """Writes the cases, and what `more` there is, to src/transforms/golden/<name>.json."""
    folder = Path(__file__).parents[2] / "src" / "transforms" / "golden"
    folder.mkdir(exist_ok=True)
    golden = {"cases": cases, **more}
    (folder / f"{name}.json").write_text(json.dumps(golden, default=plain, separators=(",", ":")) + "\n")
