"""Writes src/transforms/golden/beyond.json: transforms that ClinicaDL does not have, of TorchIO, scikit-image, SimpleITK, or by PyTorch's operators, as nnU-Net uses them."""

import numpy as np
import SimpleITK as sitk
import torchio as tio
from skimage.exposure import match_histograms
from skimage.filters import threshold_otsu
from torch.nn.functional import interpolate
from torchio.transforms.preprocessing.intensity.histogram_standardization import _get_average_mapping, _get_percentiles
from transforms_common import TENSORS, case, cases, point, shown, write


def low_resolution(zoom, names=("image", "t2", "brain")):
    """nnU-Net's SimulateLowResolutionTransform, once for each image."""
    p = point(names)
    for name in names:
        if name == "brain":
            continue
        x = p[name].data[None]
        size = [round(n * zoom[name]) for n in x.shape[2:]]
        fewer = interpolate(x, size=size, mode="nearest-exact")
        p[name].set_data(interpolate(fewer, size=x.shape[2:], mode="trilinear")[0])
    config = {"name_": "RandomLowResolution", "include": None, "exclude": None, "copy": False, "zoom": [0.5, 1.0]}
    parameters = {name: {"zoom": share} for name, share in zoom.items()}
    cases.append({"config": config, "images": names, "parameters": parameters, "result": shown(p, names)})


low_resolution({"image": 0.55, "t2": 0.8})
low_resolution({"image": 1.0, "t2": 0.63})

percentiles = _get_percentiles((1, 99))
found = np.vstack([np.percentile(TENSORS[name].numpy(), percentiles) for name in ("image", "t2")])
landmarks = _get_average_mapping(found)
for mask in (None, "brain"):
    transform = tio.HistogramStandardization({"image": landmarks, "t2": landmarks}, masking_method=mask)
    written = {"name_": "HistogramStandardization", "include": None, "exclude": None, "copy": False, "landmarks": landmarks.tolist(), "masking_method": mask}
    case(None, transform, names=("image", "t2", "brain") if mask is None else ("image", "brain"), written=written)

matched = {
    name: {"reference": reference, "result": match_histograms(TENSORS[name].double().numpy(), TENSORS[reference].double().numpy()).flatten().tolist()}
    for name, reference in (("image", "segmentation"), ("t2", "image"))
}



def phantom():
    """Two tissues in an ellipsoid, a grain, and a field that is known. The test makes the same."""
    shape = (30, 34, 28)
    index = np.indices(shape)
    x, y, z = (2 * i / (n - 1) - 1 for i, n in zip(index, shape))
    radius = np.sqrt((x / 0.85) ** 2 + (y / 0.9) ** 2 + (z / 0.8) ** 2)
    wave = np.sin(5 * x) * np.cos(4 * y) + np.sin(3 * z)
    tissue = np.where(radius > 1, 0, np.where((radius > 0.75) | (wave > 0.6), 1, 2))
    number = np.arange(tissue.size).reshape(shape)
    grain = np.modf(np.abs(np.sin(number * 12.9898)) * 43.7585)[0] - 0.5
    clean = np.choose(tissue, [2.0, 90.0, 150.0]) * (1 + 0.06 * grain)
    log_field = 0.25 * x - 0.2 * y**2 + 0.15 * x * z + 0.1 * np.sin(2 * y)
    return clean * np.exp(log_field), tissue, log_field


image, tissue, _ = phantom()
inside = tissue > 0
volume = sitk.GetImageFromArray(image.astype(np.float32))
fields = {}
for name, factor in (("whole", 1), ("half", 2)):
    corrector = sitk.N4BiasFieldCorrectionImageFilter()
    corrector.Execute(sitk.Shrink(volume, [factor] * 3), sitk.Shrink(sitk.GetImageFromArray(inside.astype(np.uint8)), [factor] * 3))
    fields[name] = sitk.GetArrayFromImage(corrector.GetLogBiasFieldAsImage(volume)).astype(float)


def variation(values):
    return [float(values[tissue == t].std() / values[tissue == t].mean()) for t in (1, 2)]


bias = {
    "before": variation(image),
    "otsu": float(threshold_otsu(image.astype(np.float32), nbins=256)),
    "corrected": {name: {"variation": variation(image / np.exp(field)), "field": [round(v, 5) for v in field[::4, ::4, ::4].flatten()]} for name, field in fields.items()},
}

write("beyond", landmarks=landmarks.tolist(), matched=matched, bias=bias)
