// `npm run bench -- sharded`: the memory of each process, and a step, of a network of 25 million weights: whole in one process; in two,
// each with all weights (DistributedDataParallel) or its half of them (FullyShardedDataParallel). The batch is the same in all.
import { inEach } from "./ranks.mjs";
import { median } from "./side.mjs";

const MIB = 2 ** 20;

export async function sharded({ short, rounds, say, out }) {
  const common = { width: short ? 128 : 1024, layers: 24, batch: 8, steps: short ? 3 : 8 };
  /** @type {Record<string, [way: string, size: number]>} */
  const ways = { "one process": ["whole", 1], "two, whole": ["ddp", 2], "two, sharded": ["sharded", 2] };
  /** @type {Record<string, { seconds: number, tensors: number, resident: number, losses: number[] }[]>} */
  const found = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    say(`sharded, round ${round + 1} of ${rounds} …`);
    for (const [name, [way, size]] of Object.entries(ways)) {
      const all = await inEach(size, "bench/sharded.ts", { ...common, way });
      const most = (pick) => Math.max(...all.map(pick));
      found[name].push({
        // the first steps warm caches up
        seconds: most((one) => median(one.seconds.slice(2))),
        tensors: most((one) => one.tensors),
        resident: most((one) => one.resident),
        losses: all[0].losses.map((_, step) => all.reduce((sum, one) => sum + one.losses[step], 0) / size),
      });
    }
  }
  const [{ losses: alone }] = found["one process"];
  const first = median(found["one process"].map(({ tensors }) => tensors));
  out(
    `\n${"memory of a process".padEnd(22)}${"tensors, MiB".padStart(14)}${"share".padStart(8)}${"all, MiB".padStart(10)}${"step, s".padStart(10)}`,
  );
  const figures = {};
  for (const [name, all] of Object.entries(found)) {
    const [seconds, tensors, resident] = ["seconds", "tensors", "resident"].map((key) =>
      median(all.map((one) => one[key])),
    );
    const difference = Math.max(...all.flatMap(({ losses }) => losses.map((loss, i) => Math.abs(loss / alone[i] - 1))));
    figures[name] = { seconds, tensors, resident, share: tensors / first, difference };
    const columns = [(tensors / MIB).toFixed(1).padStart(14), (tensors / first).toFixed(2).padStart(8)];
    out(
      `${name.padEnd(22)}${columns.join("")}${(resident / MIB).toFixed(0).padStart(10)}${seconds.toFixed(4).padStart(10)}`,
    );
  }
  const worst = Math.max(...Object.values(figures).map(({ difference }) => difference));
  out(`losses differ by ${worst.toExponential(1)} at most, relative to those of one process`);
  return figures;
}
