"""
Writes src/transforms/golden/resampling.json: what TorchIO, as ClinicaDL 2.0.0 calls it, makes of small images by interpolation.

Sizes and factors are chosen so that no voxel of a new grid lies half-way between two of the old: there the original's roundings decide.
"""

import numpy as np
import SimpleITK as sitk
import torch
from clinicadl.transforms import config as c
from transforms_common import case, cases, drawn, oblique, point, shown, write

some = ("image", "t2", "brain", "segmentation")
labels = ("image", "segmentation")
# "cubic", which ClinicaDL offers, TorchIO refuses
KERNELS = ["bspline", "gaussian", "label_gaussian", "hamming", "cosine", "welch", "lanczos", "blackman"]

case(c.ResizeConfig(target_shape=8), names=some)
case(c.ResizeConfig(target_shape=(4, -1, 9), image_interpolation="nearest"))
case(c.ResizeConfig(target_shape=(3, 4, 5)), names=some)
case(c.ResampleConfig(), names=some)
case(c.ResampleConfig(target=(1.3, 0.7, 2)), names=labels)
case(c.ResampleConfig(target=(2.3, 1.1, 3.7), scalars_only=True, image_interpolation="nearest", exclude=["brain"]))
moved = oblique.copy()
moved[:3, 3] += [2.5, -0.7, 1.1]
turned = np.array([[1.5, 0.2, 0, 3], [-0.2, 1.5, 0.1, -3], [0, -0.1, 2.5, -6], [0, 0, 0, 1]])
for shape, affine in [((5, 6, 7), moved), ((9, 8, 7), turned)]:
    config = c.ResampleConfig(target=(shape, affine))
    written = {**config.to_dict(), "target": [list(shape), affine.tolist()]}
    case(config, names=labels, written=written)
# TorchIO hands an image of two channels to SimpleITK as one of vectors, which these kernels do not take
for kernel in KERNELS:
    case(c.ResampleConfig(target=(1.3, 0.7, 2), image_interpolation=kernel, label_interpolation="label_gaussian"), names=labels)

def movement(arguments):
    return {key: [float(value) for value in arguments[key]] for key in ("scales", "degrees", "translation")}


drawn(c.RandomAffineConfig(), names=some, shared=movement)
drawn(c.RandomAffineConfig(scales=(0.5, 1.7), degrees=(10, 40), translation=3, isotropic=True, default_pad_value="mean"), seed=2, shared=movement)
drawn(c.RandomAffineConfig(scales=(0.1, 0.3, 0.5), degrees=(0, 90, -30, 0, 5, 6), translation=(1, 2, 3), default_pad_value="otsu"), seed=3, shared=movement)
drawn(c.RandomAffineConfig(center="origin", translation=(1, 2, -2, 0, 0, 1), default_pad_value=7.5, image_interpolation="bspline"), seed=4, names=labels, shared=movement)
drawn(c.RandomAffineConfig(image_interpolation="lanczos", label_interpolation="label_gaussian", check_shape=False, include=["image", "segmentation"]), seed=5, names=some, shared=movement)


# factors with which thick slices fill the image: beyond their last one TorchIO leaves zeros
for axis, factor in [(0, 5 / 3), (1, 1.5), (2, 7 / 3)]:
    factor = float(np.float32(factor))
    shared = lambda arguments: {"axes": [axis], "downsampling": factor}  # noqa: E731
    interpolation = ["linear", "bspline", "nearest"][axis]
    drawn(c.RandomAnisotropyConfig(axes=axis, downsampling=(factor, factor), image_interpolation=interpolation), shared=shared)

def lattice(arguments):
    return {"controlPoints": [float(value) for value in np.asarray(arguments["control_points"]).flatten()]}


drawn(c.RandomElasticDeformationConfig(), names=labels, shared=lattice)
drawn(c.RandomElasticDeformationConfig(num_control_points=(5, 6, 4), max_displacement=(1, 2, 3), locked_borders=1), seed=2, names=labels, shared=lattice)
drawn(c.RandomElasticDeformationConfig(num_control_points=4, max_displacement=4, locked_borders=0, image_interpolation="hamming", label_interpolation="label_gaussian"), seed=3, names=labels, shared=lattice)


def motion(config, seed, names=("image", "t2", "brain")):
    """TorchIO turns the image around the origin of space: a rotation around its middle, with another translation."""
    torch.manual_seed(seed)
    result = config.get_object()(point(names))
    arguments = result.applied_transforms[-1][1]
    parameters = {}
    for name, degrees in arguments["degrees"].items():
        centre = np.array(point(names)[name].get_center(lps=True))
        translations = []
        for angles, translation in zip(degrees, arguments["translation"][name]):
            turn = sitk.Euler3DTransform()
            turn.SetRotation(*np.radians(angles).tolist())
            turn = np.array(turn.GetMatrix()).reshape(3, 3)
            translations.append((translation + turn @ centre - centre).tolist())
        parameters[name] = {"times": arguments["times"][name].tolist(), "degrees": degrees.tolist(), "translation": translations}
    cases.append({"config": config.to_dict(), "images": names, "parameters": parameters, "result": shown(result, names)})


motion(c.RandomMotionConfig(), 1)
motion(c.RandomMotionConfig(degrees=(5, 15), translation=2, num_transforms=4, image_interpolation="bspline"), 2)
motion(c.RandomMotionConfig(num_transforms=1), 3, names=("image",))

write("resampling")
