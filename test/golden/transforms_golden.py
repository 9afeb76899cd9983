"""Writes src/transforms/golden/transforms.json: what ClinicaDL 2.0.0's transforms make of one small image."""

import json
from pathlib import Path

import numpy as np
import torch
import torchio as tio
from clinicadl.data.structures import DataPoint
from clinicadl.transforms import config as c
from clinicadl.transforms.extraction import Patch, Slice

target = Path(__file__).parents[2] / "src" / "transforms" / "golden" / "transforms.json"
target.parent.mkdir(exist_ok=True)

torch.manual_seed(0)
data = torch.randn(1, 5, 6, 7) * 30 + 100
mask = (torch.rand(1, 5, 6, 7) > 0.4).float()
t2 = torch.randn(2, 5, 6, 7) * 20 + 5
segmentation = torch.randint(0, 5, (1, 5, 6, 7)).float()
c10, s10 = np.cos(0.2), np.sin(0.2)
oblique = np.array([[0, 0, 3.0, 7], [-2 * c10, 0.8 * s10, 0, 5], [2 * s10, 0.8 * c10, 0, -4], [0, 0, 0, 1]])
IMAGES = {"image": tio.ScalarImage, "t2": tio.ScalarImage, "brain": tio.LabelMap, "segmentation": tio.LabelMap}
TENSORS = {"image": data, "t2": t2, "brain": mask, "segmentation": segmentation}


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


case(c.ZNormalizationConfig())
case(c.ZNormalizationConfig(masking_method="brain"))
case(c.ZNormalizationConfig(masking_method="Anterior"))
case(c.ZNormalizationConfig(masking_method=(1, 2, 1)))
case(c.RescaleIntensityConfig())
case(c.RescaleIntensityConfig(out_min_max=(-1, 1), percentiles=(5, 90.5)))
case(c.RescaleIntensityConfig(masking_method="brain", percentiles=(0, 99), in_min_max=(50, 150)))
case(c.ClampConfig(out_min=90, out_max=120))
case(c.ClampConfig(out_max=100))
case(c.ToCanonicalConfig())
for fields in [{"target_shape": [8, 3, 8], "padding_mode": m} for m in (0.0, 3.5, "minimum", "maximum", "mean", "median", "edge", "reflect", "symmetric", "wrap")] + [
    {"target_shape": [4, 4, 4], "padding_mode": 0, "include": ["image"]}
]:
    written = {"name_": "CropOrPad", "include": None, "exclude": None, "copy": False, "mask_name": None, "labels": None, **fields}
    case(None, tio.CropOrPad(**fields), written=written)

drawn(c.RandomNoiseConfig())
drawn(c.RandomNoiseConfig(mean=0.5, std=(1, 2), exclude=["t2"]))
drawn(c.RandomGammaConfig())
drawn(c.RandomGammaConfig(log_gamma=0.2, include=["t2"]), seed=2)
flipped = lambda arguments: {"flipped": [int(axis) for axis in arguments["axes"]]}  # noqa: E731
drawn(c.RandomFlipConfig(axes=(0, 2), flip_probability=1), shared=flipped)
drawn(c.RandomFlipConfig(axes=("LR",), flip_probability=1), shared=flipped)

some = ("image", "t2", "brain", "segmentation")
labels = ("image", "segmentation")
case(c.CropConfig(cropping=1))
case(c.CropConfig(cropping=(0, 1, 2)))
case(c.CropConfig(cropping=(1, 0, 2, 1, 0, 3), include=["image"]))
for fields in [{"padding": 2, "padding_mode": 0}, {"padding": [0, 1, 2], "padding_mode": "reflect"}, {"padding": [1, 0, 2, 1, 0, 9], "padding_mode": "minimum"}]:
    written = {"name_": "Pad", "include": None, "exclude": None, "copy": False, **fields}
    arguments = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    case(None, tio.Pad(**arguments), written=written)
case(c.EnsureShapeMultipleConfig(target_multiple=4))
case(c.EnsureShapeMultipleConfig(target_multiple=(2, 3, 8), method="crop"))
case(c.MaskConfig(masking_method="brain"), names=some)
case(c.MaskConfig(masking_method="segmentation", labels=(1, 3), outside_value=-1), names=some)
case(c.MaskConfig(masking_method="Left", include=["t2"]), names=some)
case(c.MaskConfig(masking_method=(1, 0, 2)), names=some)
case(c.RemapLabelsConfig(remapping={1: 2, 2: 1, 4: 0}), names=some)
case(c.RemapLabelsConfig(remapping={1: 7}, masking_method="brain", exclude=["brain"]), names=some)
case(c.RemapLabelsConfig(remapping={3: 9}, masking_method="Right"), names=labels)
case(c.OneHotConfig(), names=some)
case(c.OneHotConfig(num_classes=7), names=labels)
case(c.LabelFilterConfig(applied_labels=[1, 3], include=["segmentation"]), names=labels)
case(c.LabelFilterConfig(applied_labels=2, include=["segmentation"]), names=labels)
drawn(c.RandomBlurConfig())
drawn(c.RandomBlurConfig(std=(0, 0, 1, 3, 2, 6)), seed=2)
drawn(c.RandomBlurConfig(std=9), seed=3)
drawn(c.RandomBlurConfig(std=(0, 4, 0)), seed=4)
drawn(c.RandomBiasFieldConfig(), options=("order",))
drawn(c.RandomBiasFieldConfig(coefficients=(0.1, 0.8), order=1), options=("order",))
drawn(c.RandomBiasFieldConfig(order=0), options=("order",))
# patches that do not overlap: those that do depend on the order in which memory is copied
drawn(c.RandomSwapConfig(patch_size=1, num_iterations=20), options=("patch_size",))
drawn(c.RandomSwapConfig(patch_size=(2, 1, 1), num_iterations=1), seed=2, options=("patch_size",))

samples = []
for extraction in [Patch(3), Patch((4, 4, 2), overlap=(0.5, 0.25, 0.5)), Patch(4, pad_mode=None), Patch(4, pad_mode="reflect"), Slice(borders=(1, 2), slice_direction=1), Slice(slices=[3, 0], slice_direction=2)]:
    n = extraction.num_samples_per_image(point())
    results = []
    for i in sorted({0, n // 2, n - 1}):
        sample = extraction(point(), i)
        image = sample["image"]
        position = sample["sample_position"]
        results.append({"index": i, "position": list(map(int, position)) if isinstance(position, tuple) else int(position), "shape": list(image.data.shape), "data": numbers(image.data)})
    samples.append({"extraction": extraction.to_dict(), "n": n, "results": results})

outputs = []
values = torch.tensor([[0.2], [-1.5], [0.7]])
for config in [
    c.ActivationsConfig(include=["output"], sigmoid=True),
    c.ActivationsConfig(include=["output"], softmax=True),
    c.AsDiscreteConfig(include=["output"], threshold=0.2),
    c.AsDiscreteConfig(include=["output"], argmax=True),
    c.AsDiscreteConfig(include=["output"], rounding="torchrounding"),
]:
    p = point()
    p["output"] = values.clone()
    out = config.get_object()(p)["output"]
    outputs.append({"config": json.loads(json.dumps(config.to_dict(), default=str)), "shape": list(out.shape), "data": out.flatten().tolist()})

golden = {
    "images": {
        name: {"kind": "scalar" if kind is tio.ScalarImage else "label", **shown(point(("image", name)), (name,))[name]}
        for name, kind in IMAGES.items()
    },
    "cases": cases,
    "samples": samples,
    "output": values.tolist(),
    "outputs": outputs,
}


def plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (np.integer, np.floating)):
        return value.item()
    return str(value)


target.write_text(json.dumps(golden, default=plain, separators=(",", ":")) + "\n")
