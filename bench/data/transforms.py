"""The peer of transforms.ts. usage: transforms.py SETTINGS, which prints seconds as JSON."""

import json
import sys
import time
import warnings

import torch
import torchio as tio
from clinicadl.data.structures import DataPoint
from clinicadl.transforms import config

warnings.filterwarnings("ignore")
settings = json.loads(sys.argv[1])
torch.set_num_threads(1)
try:
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
except ImportError:
    pass
torch.manual_seed(0)
shape = settings["shape"]
voxels = torch.randn(1, *shape) * 100 + 600
mask = (torch.rand(1, *shape) > 0.4).float()

seconds = []
for one in settings["transforms"]:
    options = {key: tuple(value) if isinstance(value, list) and key != "include" else value for key, value in one["options"].items()}
    if "remapping" in options:
        options["remapping"] = dict(options["remapping"])
    transform = getattr(config, one["name"] + "Config")(**options).get_object()
    taken = []
    for i in range(settings["times"] + 1):  # the first warms up
        point = DataPoint(image=tio.ScalarImage(tensor=voxels.clone()), brain=tio.LabelMap(tensor=mask.clone()), participant_id="sub-01", session_id="ses-01")
        begin = time.perf_counter()
        transform(point)
        if i > 0:
            taken.append(time.perf_counter() - begin)
    seconds.append(taken)
print(json.dumps({"seconds": seconds}))
