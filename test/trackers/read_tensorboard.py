"""What TensorBoard reads in a folder: each curve, as pairs of step and value, in JSON."""
import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

accumulator = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
accumulator.Reload()
curves = {
    tag: [[event.step, str(event.value)] for event in accumulator.Scalars(tag)]
    for tag in accumulator.Tags()["scalars"]
}
print(json.dumps(curves))
