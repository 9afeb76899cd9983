"""The training loop that the programs of the bench measure, in PyTorch eager."""

import json
import resource
import time


def measure(steps, optimizer, forward):
    """Makes so many steps with the loss that `forward` gives, and prints as JSON: seconds and loss of each, and the peak memory."""
    seconds, losses = [], []
    for _ in range(steps):
        begin = time.perf_counter()
        loss = forward()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"steps": seconds, "losses": losses, "peakMB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
