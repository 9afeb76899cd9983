// What `toTensors` gains by several threads: 1 mm volumes, normalised, as they are converted by one and by two.
import { join } from "node:path";
import { median, run } from "../side.mjs";
import { makeFolders } from "./epochs.mjs";

const THREADS = [1, 2];

export async function conversion({ python, rounds, short, work, say, out }) {
  const shape = short ? [37, 44, 37] : [182, 218, 182];
  const one = { folder: "images", shape, dtype: "float32", images: short ? 2 : 16 };
  await makeFolders(python, work, [one]);
  /** @type {number[][]} */
  const seconds = THREADS.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, nProc] of THREADS.entries()) {
      say(`toTensors, ${nProc} threads, round ${round + 1} of ${rounds} …`);
      const settings = JSON.stringify({ folder: join(work, one.folder), nProc });
      seconds[i].push((await run(process.execPath, ["bench/data/conversion.ts", settings])).seconds);
    }
  }
  const [alone, together] = seconds.map(median);
  out(`\n${"toTensors".padEnd(24)}${["1 thread s", "2 threads s", "ratio"].map((h) => h.padStart(12)).join("")}`);
  out(
    `${`${one.images} images`.padEnd(24)}${[alone, together, alone / together].map((n) => n.toFixed(2).padStart(12)).join("")}`,
  );
  return { unit: "s", images: one.images, alone, together, ratio: alone / together };
}
