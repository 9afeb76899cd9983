/** How long processes wait for messages to each other. usage: messages.ts SETTINGS, in each of them; prints JSON, microseconds. */
import * as torch from "clinicadl/torch";

const { distributed } = torch;
const s = JSON.parse(process.argv[2] ?? "{}");
const group = await distributed.initProcessGroup({ initMethod: s.meeting, rank: s.rank, worldSize: s.size });

async function median(times: number, body: () => unknown): Promise<number> {
  const seen: number[] = [];
  for (let i = 0; i < times; i++) {
    const begin = performance.now();
    await body();
    seen.push(1000 * (performance.now() - begin));
  }
  return seen.sort((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN;
}

const figures: Record<string, number> = {};
for (const kib of [1, 64, 1024, 25 * 1024]) {
  using tensor = torch.zeros([kib * 256]);
  figures[`${kib} KiB`] = await median(kib > 1024 ? 10 : 100, () => group.allReduceNow(tensor));
}
figures.object = await median(100, () => distributed.allGatherObject({ loss: 0.5 }));
process.stdout.write(`${JSON.stringify(figures)}\n`);
await distributed.destroyProcessGroup();
