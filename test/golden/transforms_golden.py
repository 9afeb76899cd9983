"""Writes src/transforms/golden/transforms.json: what ClinicaDL 2.0.0's transforms make of one small image."""

import json

import torch
import torchio as tio
from clinicadl.transforms import config as c
from clinicadl.transforms.extraction import Patch, Slice
from transforms_common import case, drawn, images, numbers, point, write

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
around = ("image", "t2", "lesion")
case(c.CropOrPadConfig(mask_name="lesion"), names=around)
case(c.CropOrPadConfig(mask_name="lesion", labels=(2,)), names=around)
case(c.CropOrPadConfig(target_shape=4, mask_name="lesion"), names=around)
case(c.CropOrPadConfig(target_shape=(3, 6, 5), mask_name="lesion", labels=(2,), padding_mode=-1), names=around)
case(c.CropOrPadConfig(target_shape=(2, 3, 9), mask_name="lesion", labels=(1,), padding_mode="edge"), names=around)
case(c.CropOrPadConfig(target_shape=3, mask_name="lesion", include=["t2"]), names=around)

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

write("transforms", images=images(), samples=samples, output=values.tolist(), outputs=outputs)
