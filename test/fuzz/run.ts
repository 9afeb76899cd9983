/**
 * `npm run test:fuzz`: changed files of tensors and images are read, for a time; prints the seeds and how many were tried, and saves a
 * file of which something is wrong below build/fuzz.
 *   --minutes N     for each format; by default 1
 *   --format NAME   pt, safetensors or image only
 *   --seed N        the first seed; by default one of the clock
 */
import { mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { FORMATS, type Format, problemOf, subjects } from "./formats.ts";

const { values: options } = parseArgs({
  options: { minutes: { type: "string" }, format: { type: "string" }, seed: { type: "string" } },
});
const minutes = Number(options.minutes ?? 1);
const first = Number(options.seed ?? Date.now() % 2 ** 31);
const formats = FORMATS.filter((format) => options.format === undefined || options.format === format);
if (!(minutes > 0) || !Number.isSafeInteger(first) || formats.length === 0) {
  process.stderr.write("usage: npm run test:fuzz [-- --minutes N --format pt|safetensors|image --seed N]\n");
  process.exit(2);
}

/** A file whose reading takes longer than this costs too much: all of them have a few KB. */
const LONGEST_MS = 10_000;
const folder = fileURLToPath(new URL("../../build/fuzz/", import.meta.url));

/** How many files were tried, and the seed of the one in hand, which a thread of its own watches. */
const progress = new Int32Array(new SharedArrayBuffer(8));

/** A file whose reading never ends would stop this program without a word: this thread says which seed it was, and ends it. */
const WATCH = `
  const { workerData } = require("node:worker_threads");
  const { writeSync } = require("node:fs");
  let last = -1;
  setInterval(() => {
    const tried = Atomics.load(workerData.progress, 0);
    if (tried === last) {
      writeSync(2, "seed " + Atomics.load(workerData.progress, 1) + ": reading a file has not ended in " + workerData.ms / 1000 + " s\\n");
      process.kill(process.pid, "SIGKILL");
    }
    last = tried;
  }, workerData.ms);
`;

function fuzz(format: Format): number {
  const all = subjects(format);
  const end = performance.now() + minutes * 60_000;
  let tried = 0;
  let failures = 0;
  let seed = first;
  for (; performance.now() < end; seed++) {
    for (const subject of all) {
      for (const { what, bytes } of subject.trials(seed)) {
        Atomics.add(progress, 0, 1);
        Atomics.store(progress, 1, seed);
        const start = performance.now();
        const found = problemOf(format, bytes);
        const took = performance.now() - start;
        tried++;
        const problem = found ?? (took > LONGEST_MS ? `it takes ${Math.round(took / 1000)} s` : null);
        if (problem === null) continue;
        failures++;
        mkdirSync(folder, { recursive: true });
        const path = `${folder}${format}-${seed}-${tried}.${format}`;
        writeFileSync(path, bytes);
        process.stdout.write(`${what}, seed ${seed}: ${problem}\n  saved as ${path}\n`);
      }
    }
  }
  process.stdout.write(`${format}: seeds ${first} to ${seed - 1}, ${tried} files tried, ${failures} failures\n`);
  return failures;
}

const watch = new Worker(WATCH, { eval: true, workerData: { progress, ms: 3 * LONGEST_MS } });
process.exitCode = formats.map(fuzz).some((failures) => failures > 0) ? 1 : 0;
await watch.terminate();
