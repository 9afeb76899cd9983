"""Writes src/infer/golden/infer.json: what MONAI 1.5 and ClinicaDL 2.0.0 make of images by sliding windows and by slices."""

import json
from pathlib import Path

import torch
from clinicadl.data.dataloader import Batch
from clinicadl.data.structures import DataPoint
from clinicadl.infer import PatchesToImageInferer, SlicesToImageInferer
from clinicadl.transforms.config import ActivationsConfig
from monai.inferers import sliding_window_inference
from torchio import ScalarImage

OUT = Path(__file__).parents[2] / "src/infer/golden/infer.json"


def image(*shape):
    """Whole numbers that any side can make: no image needs to be stored."""
    n = torch.arange(torch.Size(shape).numel())
    return ((n * 37) % 101 - 50).float().reshape(shape) / 10


def network(dims, channels, outputs, stride=1):
    """A convolution whose padding makes the edges of windows visible."""
    conv = getattr(torch.nn, f"Conv{dims}d")(channels, outputs, 3, stride=stride, padding=1)
    with torch.no_grad():
        for p in conv.parameters():
            n = torch.arange(p.numel())
            p.copy_((((n * 13) % 17 - 8).float() / 10).reshape(p.shape))
    return conv


def numbers(tensor):
    return [float(f"{v:.7g}") for v in tensor.flatten().tolist()]


def case(inferer, shape, outputs=1, stride=1, squeezed=False):
    """What the original gives for a batch; of images that it refuses, and of 2D, what MONAI gives."""
    x = image(*shape)
    dims = 2 if isinstance(inferer, SlicesToImageInferer) or squeezed else 3
    net = network(dims, shape[1], outputs, stride)
    with torch.no_grad():
        c = inferer.config
        if squeezed or (isinstance(inferer, PatchesToImageInferer) and tuple(shape[2:]) < c.patch_size):
            given = sliding_window_inference(x, c.patch_size[1:] if squeezed else c.patch_size, c.batch_size, net, c.overlap[1:] if squeezed else c.overlap, c.avg_mode, c.sigma_scale)
        else:
            batch = Batch([DataPoint(image=ScalarImage(tensor=one), participant_id="sub-1", session_id="ses-1") for one in x])
            given = torch.stack([p["output"] for p in inferer(batch, net)])
    return {
        "inferer": json.loads(json.dumps(inferer.to_dict(), default=str)),
        "shape": shape,
        "outputs": outputs,
        "stride": stride,
        "squeezed": squeezed,
        "output_shape": list(given.shape),
        "data": numbers(given),
    }


P, S = PatchesToImageInferer, SlicesToImageInferer
sigmoid = [ActivationsConfig(include=["output"], sigmoid=True)]
cases = [
    case(P(patch_size=4), [1, 1, 7, 8, 6]),
    case(P(patch_size=(4, 5, 3), overlap=(0.5, 0.3, 0.0), batch_size=3), [2, 1, 7, 8, 6]),
    case(P(patch_size=4, overlap=0.0), [1, 1, 8, 8, 4]),
    case(P(patch_size=4, overlap=0.9, batch_size=100), [1, 1, 6, 5, 6]),
    case(P(patch_size=(4, 6, 5), avg_mode="gaussian", overlap=0.5), [1, 2, 7, 8, 6], outputs=2),
    case(P(patch_size=5, avg_mode="gaussian", sigma_scale=0.5, batch_size=2), [2, 1, 7, 6, 6]),
    case(P(patch_size=5, avg_mode="gaussian", sigma_scale=0.02), [1, 1, 7, 6, 6]),
    case(P(patch_size=(6, 5, 9)), [1, 1, 4, 7, 6]),
    case(P(patch_size=(8, 5, 4), avg_mode="gaussian", batch_size=2), [2, 1, 5, 5, 6], outputs=2),
    case(P(patch_size=4, overlap=0.5), [1, 1, 8, 6, 4], outputs=2, stride=2),
    case(P(patch_size=4, overlap=0.5, avg_mode="gaussian"), [1, 1, 8, 6, 4], stride=2),
    case(P(patch_size=(8, 4, 4), overlap=0.5), [1, 1, 4, 8, 4], stride=2),
    case(P(patch_size=4, postprocessing=sigmoid, postprocessing_on_cpu=True), [1, 1, 5, 5, 4]),
    case(P(patch_size=4, overlap=0.5, avg_mode="gaussian"), [2, 1, 7, 9], outputs=2, squeezed=True),
    case(P(patch_size=6), [1, 1, 4, 9], squeezed=True),
    *[case(S(slice_direction=d, batch_size=b), [2, 2, 3, 4, 5], outputs=2) for d, b in [(0, 1), (1, 3), (2, 100)]],
    case(S(slice_direction=1, batch_size=2), [1, 1, 4, 3, 6], stride=2),
    case(S(slice_direction=2, postprocessing=sigmoid), [1, 1, 3, 4, 2]),
]
OUT.parent.mkdir(exist_ok=True)
OUT.write_text(json.dumps(cases) + "\n")
print(f"{OUT.name}: {len(cases)} cases, {OUT.stat().st_size} bytes")
