"""Writes src/transforms/golden/spectral.json: TorchIO's transforms of the spectrum, and padding with ramps, through ClinicaDL 2.0.0."""

import torchio as tio
from clinicadl.transforms import config as c
from transforms_common import case, drawn, write

drawn(c.RandomGhostingConfig())
drawn(c.RandomGhostingConfig(num_ghosts=2, axes=1, intensity=0.7), seed=2)
drawn(c.RandomGhostingConfig(num_ghosts=(1, 3), axes=(0, 2), intensity=(0.1, 2), restore=0.3), seed=3)
drawn(c.RandomGhostingConfig(num_ghosts=3, restore=(0.2, 0.9), exclude=["t2"]), seed=4)
drawn(c.RandomGhostingConfig(num_ghosts=0), seed=5)
drawn(c.RandomSpikeConfig())
drawn(c.RandomSpikeConfig(num_spikes=(2, 4), intensity=0.5), seed=2)
drawn(c.RandomSpikeConfig(num_spikes=3, intensity=(-1, 0.2), include=["t2"]), seed=3)
drawn(c.RandomSpikeConfig(num_spikes=0), seed=4)

common = {"include": None, "exclude": None, "copy": False}
for padding in [[1, 0, 2, 0, 3, 1], 2, [0, 4, 1]]:
    arguments = {"padding": tuple(padding) if isinstance(padding, list) else padding, "padding_mode": "linear_ramp"}
    case(None, tio.Pad(**arguments), written={"name_": "Pad", **common, "padding": padding, "padding_mode": "linear_ramp"}, names=("image", "t2"))
fields = {"target_shape": [8, 3, 10], "padding_mode": "linear_ramp"}
case(None, tio.CropOrPad(**fields), written={"name_": "CropOrPad", **common, "mask_name": None, "labels": None, **fields}, names=("image", "t2"))

write("spectral")
