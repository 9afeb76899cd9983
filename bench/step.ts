/** The step of `step.py`, here. usage: step.ts SETTINGS; prints JSON. */
import * as torch from "clinicadl/torch";
import { measure } from "./loop.ts";

const { nn, optim } = torch;
const s = JSON.parse(process.argv[2] ?? "{}");
torch.manualSeed(0);
const channels: number[] = [1, ...s.channels];
const layers = s.channels.flatMap((_: number, i: number) => [
  new nn.Conv3d(channels[i] ?? 1, channels[i + 1] ?? 1, 3, { padding: 1 }),
  new nn.BatchNorm3d(channels[i + 1] ?? 1),
  new nn.ReLU(),
  new nn.MaxPool3d(2),
]);
const features = s.shape.reduce(
  (n: number, length: number) => n * Math.floor(length / 2 ** s.channels.length),
  channels.at(-1) ?? 1,
);
const net = new nn.Sequential(...layers, new nn.Flatten(), new nn.Linear(features, 1));
net.to({ memoryFormat: "channels_last_3d" });
const optimizer = new optim.Adam(net.parameters());
const x = torch.randn([s.batch, 1, ...s.shape]);
const y = torch.tensor(Array.from({ length: s.batch }, (_, i) => [i % 2]));
measure(s.steps, optimizer, () =>
  torch.amp.autocast("cpu", { enabled: s.amp ?? false }, () => torch.binaryCrossEntropyWithLogits(net.call(x), y)),
);
