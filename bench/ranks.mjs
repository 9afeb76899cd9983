// `npm run bench -- ranks`: a training step of one process with all cores, and of two with half of them each and half of the batch,
// in turn. Their ratio is the efficiency of training in several processes on this machine.
// Then how long sums of so many bytes take, and of a small object (`allGatherObject`), over the loopback. The network sends 0.36 MB of gradients a step; one with less to compute for what it sends gains less.
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { median, run } from "./side.mjs";

/** What each of as many processes of a program says. */
export async function inEach(size, program, settings) {
  const dir = mkdtempSync(join(tmpdir(), "clinicadl-ranks-"));
  const meeting = pathToFileURL(join(dir, "store")).href;
  const threads = String(Math.max(1, Math.floor(availableParallelism() / size)));
  const env = { ...process.env, OMP_NUM_THREADS: threads, GLOO_SOCKET_IFNAME: "lo" };
  const of = (rank) => run(process.execPath, [program, JSON.stringify({ ...settings, size, rank, meeting })], env);
  try {
    return await Promise.all(Array.from({ length: size }, (_, rank) => of(rank)));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The steps of as many processes; the slowest of them counts, which the others wait for. */
async function steps(size, settings) {
  const all = await inEach(size, "bench/ranks.ts", settings);
  // the first steps warm caches up
  return Math.max(...all.map((one) => median(one.steps.slice(settings.steps > 4 ? 2 : 0))));
}

export async function ranks({ short, rounds, say, out }) {
  const shape = short ? [16, 24, 16] : [96, 112, 96];
  const common = { channels: [8, 16, 32, 64], batch: 4, shape, steps: short ? 3 : 10 };
  const ways = {
    "one process": { size: 1, compression: null },
    "two processes": { size: 2, compression: null },
    "two, float16": { size: 2, compression: "float16" },
  };
  /** @type {Record<string, number[]>} */
  const seconds = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    say(`ranks, round ${round + 1} of ${rounds} …`);
    for (const [name, { size, compression }] of Object.entries(ways)) {
      seconds[name].push(await steps(size, { ...common, compression }));
    }
  }
  const alone = median(seconds["one process"]);
  out(`\n${"one step".padEnd(22)}${"s".padStart(12)}${"efficiency".padStart(12)}`);
  const figures = {};
  for (const [name, all] of Object.entries(seconds)) {
    figures[name] = { seconds: median(all), efficiency: alone / median(all) };
    out(`${name.padEnd(22)}${median(all).toFixed(4).padStart(12)}${(alone / median(all)).toFixed(2).padStart(12)}`);
  }
  const [{ total: _, ...messages }] = await inEach(2, "bench/messages.ts", {});
  out(`\n${"messages, two".padEnd(22)}${"µs".padStart(12)}`);
  for (const [name, value] of Object.entries(messages)) out(`${name.padEnd(22)}${value.toFixed(0).padStart(12)}`);
  return { steps: figures, messages };
}
