/** Steps of a network whose weights outweigh its images, whole or sharded. usage: sharded.ts SETTINGS; prints JSON. */
import process from "node:process";
import * as torch from "clinicadl/torch";

const { nn, optim, distributed, memory } = torch;
const s = JSON.parse(process.argv[2] ?? "{}");
if (s.size > 1) await distributed.initProcessGroup({ initMethod: s.meeting, rank: s.rank, worldSize: s.size });
torch.manualSeed(0);
const blocks = Array.from(
  { length: s.layers },
  () => new nn.Sequential(new nn.Linear(s.width, s.width), new nn.LayerNorm(s.width), new nn.GELU()),
);
const net = new nn.Sequential(...blocks, new nn.Linear(s.width, 1));
const wrapped = {
  whole: () => net,
  ddp: () => new nn.parallel.DistributedDataParallel(net, { gradientAsBucketView: true }),
  sharded: () => new nn.parallel.FullyShardedDataParallel(net),
};
const network = wrapped[s.way as keyof typeof wrapped]();
const optimizer = new optim.AdamW(net.parameters(), { lr: 1e-4 });
const batch = s.batch / s.size;
const seconds: number[] = [];
const losses: number[] = [];
for (let step = 0; step < s.steps; step++) {
  const begin = performance.now();
  using _ = torch.scope();
  torch.manualSeed(step);
  const x = torch.randn([s.batch, s.width]).narrow(0, (s.rank ?? 0) * batch, batch);
  const loss = network.call(x).pow(2).mean();
  loss.backward();
  optimizer.step();
  optimizer.zeroGrad();
  losses.push(loss.item());
  seconds.push((performance.now() - begin) / 1000);
}
const [tensors, resident] = [memory.maxMemoryAllocated(), process.resourceUsage().maxRSS * 1024];
process.stdout.write(JSON.stringify({ seconds, losses, tensors, resident }));
await distributed.destroyProcessGroup();
