/** The step of `step.py`, here. usage: step.ts SETTINGS; prints JSON. */
import * as torch from "clinicadl/torch";
import { measure } from "./loop.ts";
import { smallNetwork } from "./small-network.ts";

const { optim } = torch;
const s = JSON.parse(process.argv[2] ?? "{}");
const device: "cpu" | "cuda" = s.device ?? "cpu";
torch.manualSeed(0);
const net = smallNetwork(s.channels, s.shape);
net.to({ device });
const optimizer = new optim.Adam(net.parameters());
const x = torch.randn([s.batch, 1, ...s.shape]).to({ device });
const y = torch.tensor(
  Array.from({ length: s.batch }, (_, i) => [i % 2]),
  { device },
);
measure(s.steps, optimizer, () =>
  torch.amp.autocast(device, { enabled: s.amp ?? false }, () => torch.binaryCrossEntropyWithLogits(net.call(x), y)),
);
