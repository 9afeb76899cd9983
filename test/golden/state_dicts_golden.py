"""Writes src/networks/golden/state-dicts.json: names, shapes and types in the state_dict of ClinicaDL 2.0.0's networks.

The arguments of each network stand in the file itself; to add a network, add its "args" there.
"""

import json
from pathlib import Path

from clinicadl.networks.factory import get_network_from_dict

OUT = Path(__file__).parents[2] / "src" / "networks" / "golden" / "state-dicts.json"

networks = {}
for name, case in json.loads(OUT.read_text()).items():
    network = get_network_from_dict(case["args"]).get_object()
    state = [[key, list(tensor.shape), str(tensor.dtype)] for key, tensor in network.state_dict().items()]
    networks[name] = {"args": case["args"], "state_dict": state}
OUT.write_text(json.dumps(networks))
