"""Writes src/transforms/golden/beyond.json: transforms that ClinicaDL does not have, by PyTorch's operators, as nnU-Net's uses them."""

from torch.nn.functional import interpolate
from transforms_common import cases, point, shown, write


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

write("beyond")
