"""The peers of transforms.ts: what is measured, as ClinicaDL has it, or with today's TorchIO and MONAI.
usage: transforms.py clinicadl|newest SETTINGS, which prints seconds as JSON."""

import json
import sys
import time
import warnings

import SimpleITK as sitk
import torch
import torchio as tio

warnings.filterwarnings("ignore")
library, settings = sys.argv[1], json.loads(sys.argv[2])
torch.set_num_threads(1)
sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
torch.manual_seed(0)
shape = settings["shape"]
voxels = torch.randn(1, *shape) * 100 + 600
mask = (torch.rand(1, *shape) > 0.4).float()


def clinicadl(name, options):
    from clinicadl.data.structures import DataPoint
    from clinicadl.transforms import config

    made = lambda part, options: getattr(config, part + "Config")(**options).get_object()
    transform = tio.Compose([made(part, {}) for part in options["transforms"]], copy=False) if name == "Compose" else made(name, options)
    images = lambda: {"image": tio.ScalarImage(tensor=voxels.clone()), "brain": tio.LabelMap(tensor=mask.clone())}
    return transform, lambda: DataPoint(**images(), participant_id="sub-01", session_id="ses-01")


def newest(name, options):
    if name == "Compose":
        options = {"transforms": [getattr(tio, part)(copy=False) for part in options["transforms"]]}
    if hasattr(tio, name):
        # 'copy' is left out as ClinicaDL does: the subject is changed in place
        transform = getattr(tio, name)(**options, copy=False)
        return transform, lambda: tio.Subject(image=tio.ScalarImage(tensor=voxels.clone()), brain=tio.LabelMap(tensor=mask.clone()))
    from monai.transforms import DistanceTransformEDT, FillHoles, KeepLargestConnectedComponent, RemoveSmallObjects

    classes = (DistanceTransformEDT, FillHoles, KeepLargestConnectedComponent, RemoveSmallObjects)
    made = {one.__name__: one for one in classes}[name](**{key: value for key, value in options.items() if key != "include"})
    return made, mask.clone


seconds = []
for one in settings["transforms"]:
    options = {key: tuple(value) if isinstance(value, list) and key != "include" else value for key, value in one["options"].items()}
    if "remapping" in options:
        options["remapping"] = dict(options["remapping"])
    transform, point = {"clinicadl": clinicadl, "newest": newest}[library](one["name"], options)
    taken = []
    enough = time.perf_counter() + settings["atLeast"]
    while len(taken) <= settings["times"] or time.perf_counter() < enough:
        given = point()
        begin = time.perf_counter()
        transform(given)
        taken.append(time.perf_counter() - begin)
    taken.pop(0)  # the first warms up
    seconds.append(taken)
print(json.dumps({"seconds": seconds}))
