// `npm run bench -- ranks`: a training step of one process with all cores, and of two with half of them each and half of the batch,
// in turn. Their ratio is the efficiency of training in several processes on this machine.
// Then how long sums of so many bytes take, and of a small object (`allGatherObject`), over the loopback. The network sends 0.36 MB of gradients a step; one with less to compute for what it sends gains less.
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Hosts } from "./namespaces.mjs";
import { median, run } from "./side.mjs";

/**
 * What each of as many processes of a program says.
 * @param {number} size @param {string} program @param {object} settings
 * @param {((rank: number) => { command: string[], meeting: string, device: string }) | null} [placeOf] where each of them runs. Default: here.
 */
export async function inEach(size, program, settings, placeOf = null) {
  const dir = mkdtempSync(join(tmpdir(), "clinicadl-ranks-"));
  const threads = String(Math.max(1, Math.floor(availableParallelism() / size)));
  const here = { command: [process.execPath], meeting: pathToFileURL(join(dir, "store")).href, device: "lo" };
  const of = (rank) => {
    const { command, meeting, device } = placeOf?.(rank) ?? here;
    const [first, ...more] = [...command, program, JSON.stringify({ ...settings, size, rank, meeting })];
    return run(first, more, { env: { ...process.env, OMP_NUM_THREADS: threads, GLOO_SOCKET_IFNAME: device } });
  };
  try {
    return await Promise.all(Array.from({ length: size }, (_, rank) => of(rank)));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * The steps of as many processes; the slowest of them counts, which the others wait for.
 * @param {number} size @param {{ steps: number, [name: string]: unknown }} settings @param {Parameters<typeof inEach>[3]} [placeOf]
 */
async function steps(size, settings, placeOf = null) {
  const all = await inEach(size, "bench/ranks.ts", settings, placeOf);
  // the first steps warm caches up
  return Math.max(...all.map((one) => median(one.steps.slice(settings.steps > 4 ? 2 : 0))));
}

function settingsOf(short) {
  return { channels: [8, 16, 32, 64], batch: 4, shape: short ? [16, 24, 16] : [96, 112, 96], steps: short ? 3 : 10 };
}

/**
 * The same over a network of so many gigabits a second, between two namespaces.
 * @param {{ short: boolean, rounds: number, say: (line: string) => void, out: (line: string) => void, delay: number | null }} options `delay`: milliseconds, each way.
 */
export async function overNetwork({ short, rounds, say, out, delay }) {
  using hosts = await Hosts.start(delay);
  let port = 29_600;
  const figures = {};
  const common = settingsOf(short);
  const wide = { ...common, channels: [32, 64, 128, 256], shape: short ? [16, 24, 16] : [48, 56, 48] };
  const alone = {
    small: median(await repeat(rounds, () => steps(1, common))),
    wide: median(await repeat(rounds, () => steps(1, wide))),
  };
  out(`one process: ${alone.small.toFixed(4)} s; of the wide network ${alone.wide.toFixed(4)} s`);
  // a program that holds packets does not keep up with 10
  for (const gigabits of delay === null ? [null, 10, 1] : [null, 1]) {
    const name = gigabits === null ? "no limit" : `${gigabits} Gb/s`;
    say(`ranks, ${name} …`);
    hosts.cable(gigabits);
    const next = () => {
      port++;
      return (rank) => hosts.place(rank, port);
    };
    const time = async (settings) => median(await repeat(rounds, () => steps(2, settings, next())));
    const two = await time({ ...common, compression: null });
    const wideTwo = await time({ ...wide, compression: null });
    const wideHalf = await time({ ...wide, compression: "float16" });
    const [{ total: _, ...messages }] = await inEach(2, "bench/messages.ts", {}, next());
    figures[name] = { step: two, wide: wideTwo, wideFloat16: wideHalf, messages };
    out(`\n${name}`);
    const line = (what, value, unit) => out(`${what.padEnd(28)}${value.padStart(12)} ${unit}`);
    line("step", two.toFixed(4), `s, efficiency ${(alone.small / two).toFixed(2)}`);
    line("step of the wide network", wideTwo.toFixed(4), `s, efficiency ${(alone.wide / wideTwo).toFixed(2)}`);
    line("the same, float16", wideHalf.toFixed(4), `s, efficiency ${(alone.wide / wideHalf).toFixed(2)}`);
    for (const [what, value] of Object.entries(messages)) line(what, value.toFixed(0), "µs");
  }
  return { alone, ...figures };
}

async function repeat(times, body) {
  const seen = [];
  for (let i = 0; i < times; i++) seen.push(await body());
  return seen;
}

export async function ranks({ short, rounds, say, out }) {
  const common = settingsOf(short);
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
