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
c10, s10 = np.cos(0.2), np.sin(0.2)
oblique = np.array([[0, 0, 3.0, 7], [-2 * c10, 0.8 * s10, 0, 5], [2 * s10, 0.8 * c10, 0, -4], [0, 0, 0, 1]])


def point(affine=oblique):
    return DataPoint(
        image=tio.ScalarImage(tensor=data.clone(), affine=affine),
        participant_id="sub-1",
        session_id="ses-1",
        brain=tio.LabelMap(tensor=mask.clone(), affine=affine),
    )


def shown(p):
    return {
        name: {"shape": list(p[name].data.shape), "data": p[name].data.flatten().tolist(), "affine": np.asarray(p[name].affine).flatten().tolist()}
        for name in ("image", "brain")
    }


cases = []
for config in [
    c.ZNormalizationConfig(),
    c.ZNormalizationConfig(masking_method="brain"),
    c.ZNormalizationConfig(masking_method="Anterior"),
    c.ZNormalizationConfig(masking_method=(1, 2, 1)),
    c.RescaleIntensityConfig(),
    c.RescaleIntensityConfig(out_min_max=(-1, 1), percentiles=(5, 90.5)),
    c.RescaleIntensityConfig(masking_method="brain", percentiles=(0, 99), in_min_max=(50, 150)),
    c.ClampConfig(out_min=90, out_max=120),
    c.ClampConfig(out_max=100),
    c.ToCanonicalConfig(),
]:
    cases.append({"config": config.to_dict(), "result": shown(config.get_object()(point()))})

# with a recent pydantic the config refuses a number (defect D27): TorchIO's transform itself is asked
for fields in [{"target_shape": [8, 3, 8], "padding_mode": m} for m in (0.0, 3.5, "minimum", "maximum", "mean", "median", "edge", "reflect", "symmetric", "wrap")] + [
    {"target_shape": [4, 4, 4], "padding_mode": 0, "include": ["image"]}
]:
    config = {"name_": "CropOrPad", "include": None, "exclude": None, "copy": False, "mask_name": None, "labels": None, **fields}
    cases.append({"config": config, "result": shown(tio.CropOrPad(**fields)(point()))})

samples = []
for extraction in [Patch(3), Patch((4, 4, 2), overlap=(0.5, 0.25, 0.5)), Patch(4, pad_mode=None), Patch(4, pad_mode="reflect"), Slice(borders=(1, 2), slice_direction=1), Slice(slices=[3, 0], slice_direction=2)]:
    n = extraction.num_samples_per_image(point())
    results = []
    for i in sorted({0, n // 2, n - 1}):
        sample = extraction(point(), i)
        image = sample["image"]
        position = sample["sample_position"]
        results.append({"index": i, "position": list(map(int, position)) if isinstance(position, tuple) else int(position), "shape": list(image.data.shape), "data": image.data.flatten().tolist()})
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
    "image": data.flatten().tolist(),
    "mask": mask.flatten().tolist(),
    "shape": list(data.shape),
    "affine": oblique.flatten().tolist(),
    "cases": cases,
    "samples": samples,
    "output": values.tolist(),
    "outputs": outputs,
}
target.write_text(json.dumps(golden, default=str, separators=(",", ":")) + "\n")
