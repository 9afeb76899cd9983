/** The step of `step.ts` in one of several processes, or in one that is alone. usage: ranks.ts SETTINGS; prints JSON. */
import * as torch from "clinicadl/torch";
import { measure } from "./loop.ts";
import { smallNetwork } from "./small-network.ts";

const { nn, optim, distributed } = torch;
const s = JSON.parse(process.argv[2] ?? "{}");
if (s.size > 1) await distributed.initProcessGroup({ initMethod: s.meeting, rank: s.rank, worldSize: s.size });
torch.manualSeed(0);
const net = smallNetwork(s.channels, s.shape);
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
