"""What PyTorch's DistributedDataParallel computes in two processes, over gloo: src/torch/nn/parallel/golden/parallel.json.

Run with the Python that has PyTorch: npm run golden -- parallel. The networks and the data are those of src/torch/nn/parallel/fixtures, drawn from the same seeds.
"""

import json
import os
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks
from torch.nn.parallel import DistributedDataParallel

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "src/torch/nn/parallel/golden/parallel.json"


def batch(step, rank):
    torch.manual_seed(200 + step)
    return torch.randn(4, 4, dtype=torch.float64)[2 * rank : 2 * rank + 2].clone()


def network(seed=1):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2)).double()


def loss(output):
    return output.pow(2).sum(1).mean()


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 3)
        self.heads = nn.ModuleList([nn.Linear(3, 1) for _ in range(3)])

    def forward(self, x, head):
        return self.heads[head](self.body(x))


def gradients(module):
    return [[] if p.grad is None else p.grad.double().flatten().tolist() for p in module.parameters()]


def steps(rank):
    ddp = DistributedDataParallel(network(1 + rank), bucket_cap_mb=1e-4)
    optimizer = torch.optim.SGD(ddp.parameters(), lr=0.1)
    for step in range(4):
        loss(ddp(batch(step, rank))).backward()
        optimizer.step()
        optimizer.zero_grad()
    return [p.flatten().tolist() for p in ddp.parameters()]


def accumulated(rank):
    ddp = DistributedDataParallel(network())
    with ddp.no_sync():
        loss(ddp(batch(0, rank))).backward()
    loss(ddp(batch(1, rank))).backward()
    return gradients(ddp)


def unused(rank):
    torch.manual_seed(4)
    ddp = DistributedDataParallel(Heads().double(), find_unused_parameters=True)
    loss(ddp(batch(0, rank), rank)).backward()
    return gradients(ddp)


def compressed(rank, hook):
    ddp = DistributedDataParallel(network().float())
    ddp.register_comm_hook(None, hook)
    loss(ddp(batch(0, rank).float())).backward()
    return gradients(ddp)


def process(rank, meeting, out):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    result = {
        "torch": torch.__version__,
        "steps": steps(rank),
        "accumulated": accumulated(rank),
        "unused": unused(rank),
        "float16": compressed(rank, default_hooks.fp16_compress_hook),
        "bfloat16": compressed(rank, default_hooks.bf16_compress_hook),
    }
    if rank == 0:
        out.parent.mkdir(exist_ok=True)
        out.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    dist.destroy_process_group()


if __name__ == "__main__":
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(process, args=(os.path.join(folder, "meeting"), OUT), nprocs=2)
