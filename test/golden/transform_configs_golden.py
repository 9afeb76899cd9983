"""Writes src/transforms/golden/configs.json: of each transform and extraction of ClinicaDL 2.0.0 its JSON, and which values each of its fields accepts."""

import inspect
import json
import sys
import warnings
from pathlib import Path

from clinicadl.transforms import config as c
from clinicadl.transforms.extraction import Extraction, Image, Patch, Slice
from configs_common import text, tried

warnings.filterwarnings("ignore")

REFUSALS = (ValueError, TypeError, AssertionError, NotImplementedError)
NUMBERS = [-3, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 64]
TWO = [[0, 1], [1, 0], [1, 2], [2, 1], [2, 2], [-1, 1], [0.5, 1], [1.5, 5], [0, 0.5], [-2, -1], [0, 100], [0, 101]]
THREE = [[0, 0, 0], [0, 1, 2], [2, 1, 0], [1, 1, 1], [4, 5, 6], [-1, 1, 1], [0.5, 0.5, 0.5], [3, 3, -1]]
SIX = [[0] * 6, [1] * 6, [0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0], [1, 0, 2, 1, 0, 3], [0.5, 1, 0.5, 1, 0.5, 1], [-1, 1, -1, 1, -1, 1], [4] * 6]
OTHER_LISTS = [[], [0], [1], [3], [-1], [0.5], [1, 2, 3, 4], [1, 2, 3, 4, 5], [0, 0], [1, 1]]
TEXTS = [[], ["a"], ["a", "b"], ["LR"], ["LR", "IS"], ["LR", 0], [""], ["Left"]]
WORDS = (
    "brain image origin minimum mean otsu maximum median edge reflect symmetric wrap linear_ramp constant replicate circular zeros pad crop "
    "nearest linear bspline cubic gaussian label_gaussian hamming cosine welch lanczos blackman "
    "LR PA IS L Left Right Posterior Anterior Inferior Superior left torchrounding"
).split()
OBJECTS = [{}, {"a": 0.5}]
FLAGS = [True, False, None, "x", [], [0.5, 1], {"a": True}]
ANYTHING = [None, *NUMBERS, *TWO, *THREE, *SIX, *OTHER_LISTS, *TEXTS, *WORDS, *OBJECTS]
# of these the values are no JSON, or are transforms
LEFT_OUT = {"dtype", "other", "transforms", "tsv_path"}


def fields_of(cls):
    """The names of fields as JSON has them, and whether each is true or false."""
    if issubclass(cls, Extraction):
        parameters = inspect.signature(cls).parameters.values()
        return [(parameter.name, isinstance(parameter.default, bool)) for parameter in parameters]
    return [(info.alias or field, info.annotation is bool) for field, info in cls.model_fields.items()]


def accepted(cls, required, more):
    """Each field alone, with `others` beside it."""
    found = []
    for key, flag in fields_of(cls):
        if key in LEFT_OUT:
            continue
        # Python takes 1 for true, JavaScript does not
        values = FLAGS if flag else ANYTHING
        found.append(tried(cls, key, values + more.get(key, []), required, REFUSALS))
    return found


def described(cls, required=None, **more):
    """`more`: of fields, other values to try."""
    required = required or {}
    return {"name": cls.__name__, "required": required, "json": text(cls(**required)), "fields": accepted(cls, required, more)}


CLASSES = [
    described(c.RescaleIntensityConfig),
    described(c.ZNormalizationConfig),
    described(c.MaskConfig, {"masking_method": "brain"}),
    described(c.ClampConfig, {"out_min": 0}),
    described(c.CropOrPadConfig, {"target_shape": 4}),
    described(c.ToCanonicalConfig),
    described(c.ResizeConfig, {"target_shape": 4}),
    described(c.ResampleConfig),
    described(c.EnsureShapeMultipleConfig, {"target_multiple": 4}),
    described(c.CropConfig, {"cropping": 1}),
    described(c.PadConfig, {"padding": 1}),
    described(c.RemapLabelsConfig, {"remapping": {1: 2}}, remapping=[{"1": 2, "3": 0}, {"-1": 2}, {"1": 0.5}, {"1": "a"}]),
    described(c.OneHotConfig),
    described(c.RandomFlipConfig),
    described(c.RandomAffineConfig),
    described(c.RandomElasticDeformationConfig),
    described(c.RandomAnisotropyConfig),
    described(c.RandomMotionConfig),
    described(c.RandomGhostingConfig),
    described(c.RandomSpikeConfig),
    described(c.RandomBiasFieldConfig),
    described(c.RandomBlurConfig),
    described(c.RandomNoiseConfig),
    described(c.RandomSwapConfig),
    described(c.RandomGammaConfig),
    described(c.ActivationsConfig, {"sigmoid": True}),
    described(c.AsDiscreteConfig, {"argmax": True}),
    described(c.KeepLargestConnectedComponentConfig),
    described(c.DistanceTransformEDTConfig),
    described(c.RemoveSmallObjectsConfig),
    described(c.LabelFilterConfig, {"applied_labels": 1}),
    described(c.FillHolesConfig),
    described(c.SobelGradientsConfig),
    described(c.FormatConfig),
    described(c.MergeFieldsConfig, {"keys": ["a", "b"], "output_key": "c"}),
    described(Image),
    described(Patch, {"patch_size": 4}),
    described(Slice),
]
FILES = [
    {"name": type(config).__name__, "json": text(config)}
    for config in [
        c.RescaleIntensityConfig(out_min_max=2, in_min_max=(0, 100), percentiles=(1, 99), masking_method="Left"),
        c.MaskConfig(masking_method=(1, 2, 3), labels=None, outside_value=-1, include=["image"]),
        c.CropOrPadConfig(target_shape=(4, 5, 6), mask_name="brain", labels=(1, 2), padding_mode="edge"),
        c.CropOrPadConfig(mask_name="brain", exclude=["t2"], copy=True),
        c.ResizeConfig(target_shape=(4, -1, 6), image_interpolation="bspline", label_interpolation="label_gaussian"),
        c.ResampleConfig(target=2, scalars_only=True),
        c.ResampleConfig(target=(1, 2, 2.5)),
        c.ResampleConfig(target="t2"),
        c.RemapLabelsConfig(remapping={1: 2, 3: 0}, masking_method="brain"),
        c.RandomFlipConfig(axes=("LR", "PA"), flip_probability=1),
        c.RandomAffineConfig(scales=(0.9, 1.1), degrees=(0, 0, 0, 0, -5, 5), translation=3, center="origin", default_pad_value=2, isotropic=True),
        c.RandomElasticDeformationConfig(num_control_points=(5, 6, 7), max_displacement=(1, 2, 3), locked_borders=1),
        c.RandomGhostingConfig(num_ghosts=3, axes=(1,), intensity=2, restore=0),
        c.RandomSwapConfig(patch_size=(3, 4, 5), num_iterations=2),
        c.RandomBlurConfig(std=(0, 1, 0, 2, 0, 3)),
        c.AsDiscreteConfig(threshold=1, dim=1),
        c.KeepLargestConnectedComponentConfig(applied_labels=(1, 2), is_onehot=False, connectivity=1),
        c.RemoveSmallObjectsConfig(by_measure=True, pixdim=(1, 2, 3), min_size=5),
        c.SobelGradientsConfig(spatial_axes=(0, 1), padding_mode="zeros"),
        c.FormatConfig(squeeze=(0, 1), unsqueeze=0),
        Patch((4, 5, 6), overlap=(0, 0.5, 0.25), pad_mode=None),
        Slice(slices=(1, 2), slice_direction=2, squeeze=False),
        Slice(borders=(2, 3)),
    ]
]
if __name__ == "__main__":
    out = Path(__file__).parents[2] / "src" / "transforms" / "golden" / "configs.json"
    out.write_text(json.dumps({"classes": CLASSES, "files": FILES}) + "\n", encoding="utf-8")
    print(out, out.stat().st_size, "bytes", file=sys.stderr)
