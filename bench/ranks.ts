/** The step of `step.ts` in one of several processes, or in one that is alone. usage: ranks.ts SETTINGS; prints JSON. */
import * as torch from "clinicadl/torch";
import { measure } from "./loop.ts";

const { nn, optim, distributed } = torch;
const s = JSON.parse(process.argv[2] ?? "{}");
if (s.size > 1) await distributed.initProcessGroup({ initMethod: s.meeting, rank: s.rank, worldSize: s.size });
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
const network =
  s.size > 1
    ? new nn.parallel.DistributedDataParallel(net, { gradientAsBucketView: true, compression: s.compression })
    : net;
const optimizer = new optim.Adam(net.parameters());
const batch = s.batch / s.size;
const x = torch.randn([batch, 1, ...s.shape]);
const y = torch.tensor(Array.from({ length: batch }, (_, i) => [i % 2]));
measure(s.steps, optimizer, () => torch.binaryCrossEntropyWithLogits(network.call(x), y));
await distributed.destroyProcessGroup();
