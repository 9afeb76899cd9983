"""Writes src/transforms/golden/beyond.json: transforms that ClinicaDL does not have, of TorchIO, or by PyTorch's operators, as nnU-Net uses them."""

import numpy as np
import torchio as tio
from skimage.exposure import match_histograms
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

write("beyond", landmarks=landmarks.tolist(), matched=matched)
