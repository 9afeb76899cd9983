"""Writes src/transforms/golden/post.json: what ClinicaDL 2.0.0's transforms of outputs (MONAI 1.5) make of label images."""

import json

import torch
from clinicadl.transforms import config as c
from transforms_common import numbers, point, write

torch.manual_seed(3)


def blobs(*shape, share=0.45, labels=1):
    return (torch.rand(*shape) < share).float() * torch.randint(1, labels + 1, shape)


def rings():
    """Holes, holes that are open at an edge or a corner only, a label within another, and one at the border."""
    x = torch.zeros(1, 7, 9, 9)
    x[0, 1:6, 1:8, 1:8] = 1
    x[0, 2:5, 2:5, 2:5] = 0
    x[0, 3:5, 5:7, 5:7] = 2
    x[0, 3, 5, 5] = 0
    x[0, 0:2, 3:6, 0:2] = 3
    x[0, 0, 4, 0] = 0
    return x


def onehot(x, classes):
    return torch.stack([(x[0] == k) for k in range(classes)]).float()


INPUTS = {
    "binary": blobs(1, 6, 7, 8, share=0.3),
    "labels": blobs(1, 6, 7, 8, share=0.7, labels=3),
    "flat": blobs(1, 12, 11, share=0.45, labels=2),
    "onehot": onehot(blobs(1, 6, 7, 8, share=0.8, labels=3), 4),
    "channels": blobs(2, 5, 6, 7, share=0.5),
    "rings": rings(),
    "rings_onehot": onehot(rings(), 4),
    "empty": torch.zeros(1, 4, 5, 6),
    "thin": blobs(1, 1, 9, 8, share=0.8),
    "intensities": torch.randn(2, 5, 6, 7) * 20,
    "picture": torch.rand(1, 8, 9),
}

results = []


def short(tensor):
    """Whole numbers without their fraction: most of them are labels."""
    return [int(v) if v == int(v) else v for v in numbers(tensor)]


def output(config, *names):
    """What becomes of the field "output"."""
    for name in names:
        p = point()
        p["output"] = INPUTS[name].clone()
        out = config.get_object()(p)["output"]
        results.append({"config": json.loads(json.dumps(config.to_dict(), default=str)), "input": name, "shape": list(out.shape), "data": short(out)})


on = {"include": ["output"]}
for options in [{}, {"connectivity": 1}, {"connectivity": 2}, {"num_components": 2}, {"applied_labels": [1, 3]}, {"applied_labels": 2, "independent": False}, {"independent": False}]:
    output(c.KeepLargestConnectedComponentConfig(**on, **options), "binary", "labels", "onehot", "empty")
output(c.KeepLargestConnectedComponentConfig(**on, connectivity=1), "flat", "channels", "thin")
output(c.KeepLargestConnectedComponentConfig(**on, is_onehot=True, applied_labels=[0, 1], connectivity=1), "channels", "onehot")
output(c.KeepLargestConnectedComponentConfig(**on, is_onehot=True, applied_labels=[0, 2], independent=False, connectivity=1), "onehot")
output(c.KeepLargestConnectedComponentConfig(**on, is_onehot=False, connectivity=1, num_components=3), "labels", "flat")
for options in [{}, {"connectivity": 1}, {"applied_labels": [2, 3]}, {"applied_labels": 1, "connectivity": 2}]:
    output(c.FillHolesConfig(**on, **options), "rings", "rings_onehot", "binary", "labels", "empty", "thin")
# label images and several channels are not compared: there the original counts labels, not objects, or objects across channels
for options in [{"min_size": 3}, {"min_size": 12}, {"min_size": 5, "connectivity": 3}, {"min_size": 9, "by_measure": True, "pixdim": [1.5, 2.0, 1.0]}, {"min_size": 5, "independent_channels": False}]:
    output(c.RemoveSmallObjectsConfig(**on, **options), "binary", "thin", "empty")
output(c.RemoveSmallObjectsConfig(**on, min_size=8, independent_channels=False), "labels")
for sampling in [None, 1.5]:
    output(c.DistanceTransformEDTConfig(**on, sampling=sampling), "binary", "labels", "channels", "flat", "empty", "thin", "rings")
output(c.DistanceTransformEDTConfig(**on, sampling=[0.7, 3.0, 1.2]), "binary", "labels", "channels", "thin", "rings")
output(c.DistanceTransformEDTConfig(**on, sampling=[2.5, 0.4]), "flat")
for options in [
    {},
    {"kernel_size": 5},
    {"kernel_size": 7, "padding_mode": "zeros"},
    {"spatial_axes": [1], "normalize_kernels": False},
    {"spatial_axes": [1, 0], "padding_mode": "replicate", "normalize_gradients": True},
    {"spatial_axes": 0, "kernel_size": 9, "padding_mode": "circular"},
    {"normalize_kernels": False, "dtype": torch.float64},
]:
    output(c.SobelGradientsConfig(**on, **options), "intensities", "picture")
output(c.SobelGradientsConfig(**on, normalize_gradients=True), "empty")
for options in [{}, {"dtype": torch.int64}, {"squeeze": True}, {"squeeze": 1}, {"squeeze": [0, 2]}, {"squeeze": [0, 1], "unsqueeze": 2}, {"unsqueeze": 4, "dtype": torch.float64}]:
    output(c.FormatConfig(**on, **options), "thin")

p = point(("image", "t2", "brain", "segmentation"))
merged = []
for keys in [["image", "t2"], ["brain", "segmentation"], ["image", "brain"]]:
    config = c.MergeFieldsConfig(keys=keys, output_key="merged")
    image = config.get_object()(p)["merged"]
    merged.append({"config": config.to_dict(), "kind": "label" if type(image).__name__ == "LabelMap" else "scalar", "shape": list(image.data.shape), "data": short(image.data)})

write(
    "post",
    inputs={name: {"shape": list(x.shape), "data": short(x)} for name, x in INPUTS.items()},
    outputs=results,
    merged=merged,
)
