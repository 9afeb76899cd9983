"""Writes src/infer/golden/saliency.json: the maps that Captum 0.9 makes of small images."""

import json
from pathlib import Path

import torch
from captum.attr import InputXGradient, IntegratedGradients, Saliency

OUT = Path(__file__).parents[2] / "src/infer/golden/saliency.json"


def image(*shape):
    """Whole numbers that any side can make: no image needs to be stored."""
    n = torch.arange(torch.Size(shape).numel())
    return ((n * 37) % 101 - 50).float().reshape(shape) / 10


def network(dims, channels, outputs):
    """Curved, so that the gradient is another one everywhere on the way from a baseline, and without a choice that rounding could make otherwise."""
    conv, pool = getattr(torch.nn, f"Conv{dims}d"), getattr(torch.nn, f"AvgPool{dims}d")
    net = torch.nn.Sequential(
        conv(channels, 4, 3, padding=1),
        torch.nn.ELU(),
        pool(2),
        conv(4, 3, 2),
        torch.nn.Tanh(),
        torch.nn.Flatten(),
        torch.nn.LazyLinear(outputs),
    ).eval()
    net(image(1, channels, *SIZE[:dims]))
    with torch.no_grad():
        for p in net.parameters():
            n = torch.arange(p.numel())
            p.copy_((((n * 13) % 17 - 8).float() / 40).reshape(p.shape))
    return net


SIZE = (6, 8, 7)
METHODS = {
    "gradient": (Saliency, {"abs": True}),
    "input_x_gradient": (InputXGradient, {}),
    "integrated_gradients": (IntegratedGradients, {"n_steps": 12}),
}


def case(method, n=2, dims=3, channels=1, outputs=1, target=None, absolute=None, baseline=0.0):
    x = image(n, channels, *SIZE[:dims])
    net = network(dims, channels, outputs)
    Class, options = METHODS[method]
    options = dict(options)
    if method == "integrated_gradients":
        options["baselines"] = baseline
    elif method == "gradient" and absolute is not None:
        options["abs"] = absolute
    with torch.no_grad():
        output = net(x)
    chosen = output.argmax(1) if target is None else target
    given = Class(net).attribute(x.clone(), target=chosen, **options).detach()
    if absolute and method != "gradient":
        given = given.abs()
    return {
        "options": {"method": method, "target": target, "abs": absolute, "baseline": baseline, "n_steps": 12},
        "shape": list(x.shape),
        "outputs": outputs,
        "output": [float(f"{v:.7g}") for v in output.flatten().tolist()],
        "map": [float(f"{v:.7g}") for v in given.flatten().tolist()],
    }


cases = [
    case("gradient"),
    case("gradient", absolute=False, outputs=3, n=3),
    case("gradient", outputs=3, target=2, channels=2),
    case("gradient", dims=2),
    case("input_x_gradient"),
    case("input_x_gradient", outputs=3, absolute=True),
    case("integrated_gradients"),
    case("integrated_gradients", outputs=3, baseline=-1.5, channels=2),
    case("integrated_gradients", outputs=3, target=0, dims=2, absolute=True),
]
OUT.write_text(json.dumps(cases) + "\n")
