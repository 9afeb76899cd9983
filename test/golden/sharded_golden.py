"""What PyTorch's fully_shard (FSDP2) computes in two processes, over gloo: src/torch/nn/parallel/golden/sharded.json.

Run with the Python that has a PyTorch of today: npm run golden -- sharded. The network and the data are those of src/torch/nn/parallel/fixtures, drawn from the same seeds.
"""

import json
import os
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from parallel_golden import batch, loss, network
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "src/torch/nn/parallel/golden/sharded.json"


def process(rank, meeting, out):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    mesh = init_device_mesh("cpu", (2,))
    net = network()
    for layer in net:
        if isinstance(layer, torch.nn.Linear):
            fully_shard(layer, mesh=mesh)
    fully_shard(net, mesh=mesh)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
    norms = []
    for step in range(4):
        loss(net(batch(step, rank))).backward()
        norms.append(torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5).full_tensor().item())
        optimizer.step()
        optimizer.zero_grad()
    weights = [p.full_tensor().flatten().tolist() for p in net.parameters()]
    moments = [optimizer.state[p]["exp_avg"].full_tensor().flatten().tolist() for p in net.parameters()]
    result = {"torch": torch.__version__, "norms": norms, "weights": weights, "moments": moments}
    if rank == 0:
        out.parent.mkdir(exist_ok=True)
        out.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    dist.destroy_process_group()


if __name__ == "__main__":
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(process, args=(os.path.join(folder, "meeting"), OUT), nprocs=2)
