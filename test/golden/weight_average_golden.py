"""Writes src/callbacks/golden/weight-averages.json: what PyTorch's torch.optim.swa_utils makes of the weights of a training."""

import json
from pathlib import Path

import torch
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn

target = Path(__file__).parents[2] / "src" / "callbacks" / "golden" / "weight-averages.json"
torch.manual_seed(3)


def network():
    """As small as it can be, with parameters, statistics and a counter."""
    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 1))


def numbers(module):
    return {name: tensor.flatten().tolist() for name, tensor in module.state_dict().items()}


def moments(count):
    """The weights and buffers after some steps, drawn anew each time."""
    out = []
    for i in range(count):
        module = network()
        for tensor in list(module.parameters()) + list(module.buffers()):
            if tensor.is_floating_point():
                tensor.data.copy_(torch.randn_like(tensor))
            else:
                tensor.fill_(i + 1)
        out.append(module)
    return out


def averages(modules, **options):
    averaged = AveragedModel(modules[0], use_buffers=True, **options)
    out = []
    for module in modules:
        averaged.update_parameters(module)
        out.append(numbers(averaged.module))
    return out


def rates(epochs, **options):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = SWALR(optimizer, **options)
    out = []
    for _ in range(epochs):
        optimizer.step()
        scheduler.step()
        out.append(optimizer.param_groups[0]["lr"])
    return {"options": options, "values": out}


modules = moments(5)
batches = [torch.randn(n, 3) for n in (4, 4, 2)]
golden = {
    "modules": [numbers(module) for module in modules],
    "ema": {str(decay): averages(modules, multi_avg_fn=get_ema_multi_avg_fn(decay)) for decay in (0.9, 0.5, 0.0)},
    "swa": averages(modules),
    "rates": [
        rates(6, swa_lr=0.01, anneal_epochs=4, anneal_strategy="cos"),
        rates(6, swa_lr=0.01, anneal_epochs=4, anneal_strategy="linear"),
        rates(2, swa_lr=0.5, anneal_epochs=0, anneal_strategy="cos"),
    ],
    "batches": [batch.tolist() for batch in batches],
}
update_bn(batches, modules[-1])
golden["update_bn"] = numbers(modules[-1])
target.write_text(json.dumps(golden, indent=1) + "\n")
