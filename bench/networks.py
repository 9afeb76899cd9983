"""Training steps and inferences of one network in PyTorch. usage: networks.py SIDE SETTINGS [REFERENCE_SITE_PACKAGES]; prints JSON.

SIDE is "clinicadl" (as ClinicaDL runs it), "newest" (the PyTorch of this environment, channels-last) or "compiled" (torch.compile over that). An
environment without ClinicaDL takes the source of the network from where REFERENCE_SITE_PACKAGES says.
"""

import json
import resource
import sys
import time
import types

import torch

side, settings = sys.argv[1], json.loads(sys.argv[2])
if len(sys.argv) > 3:
    import monai  # noqa: F401

    # the reference's torchvision is built for another PyTorch: its Python is used without its operators, which no network here calls
    extension = types.ModuleType("torchvision.extension")
    extension._HAS_OPS = False
    extension._has_ops = lambda: False
    extension._assert_has_ops = lambda: None
    extension._check_cuda_version = lambda: -1
    extension._load_library = lambda name: None
    sys.modules[extension.__name__] = extension
    sys.modules["torchvision._meta_registrations"] = types.ModuleType("torchvision._meta_registrations")
    sys.path.append(sys.argv[3])


def build(config):
    """The network of a config in ClinicaDL's words; those that ClinicaDL does not have are MONAI's.

    ClinicaDL's SEResNet50 has no squeeze-and-excitation: that is MONAI's, too.
    """
    name = config["name_"]
    if name == "SEResNet50":
        from monai.networks import nets

        return nets.SEResNet50(spatial_dims=2, in_channels=3, num_classes=config["num_outputs"])
    if name in ("SegResNet", "SwinUNETR", "MedNeXt"):
        from monai.networks import nets

        return getattr(nets, name)(**{key: value for key, value in config.items() if key != "name_"})
    from clinicadl.networks import nn

    options = {key: value for key, value in config.items() if key != "name_"}
    # its classes take tuples where JSON has arrays
    for key in ("in_shape", "start_shape", "patch_size"):
        if key in options:
            options[key] = tuple(options[key])
    return getattr(nn, name)(**options)


torch.manual_seed(0)
network = build(settings["config"])
x = torch.randn(settings["input"])
if side != "clinicadl" and x.ndim in (4, 5):
    memory_format = torch.channels_last if x.ndim == 4 else torch.channels_last_3d
    network, x = network.to(memory_format=memory_format), x.to(memory_format=memory_format)
run = torch.compile(network) if side == "compiled" else network
optimizer = torch.optim.Adam(network.parameters())


def loss_of(output):
    outputs = output if isinstance(output, (tuple, list)) else (output,)
    return sum(each.float().square().mean() for each in outputs)


def timed(times, body):
    """Seconds of each but the first, which warms up: `times` of them, and more of what is short."""
    seconds = []
    start = time.perf_counter()
    while len(seconds) <= times or time.perf_counter() - start < settings["seconds"]:
        begin = time.perf_counter()
        body()
        seconds.append(time.perf_counter() - begin)
    return seconds[1:]


def measure(amp):
    def step():
        with torch.autocast("cpu", enabled=amp):
            loss = loss_of(run(x))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss.item()

    def infer():
        with torch.no_grad(), torch.autocast("cpu", enabled=amp):
            run(x)

    network.train()
    out = {"step": timed(settings["times"], step)}
    out["peakMB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    network.eval()
    return {**out, "inference": timed(settings["times"], infer)}


figures = {"float32": measure(False)}
if settings["amp"]:
    figures["amp"] = measure(True)
print(json.dumps(figures))
