// What share of a training on 1 mm volumes goes into waiting for data, after the first epoch. What is random takes a thread of its own, as the
// loader starts it by itself where epochs are longer than these.
import { join } from "node:path";
import { median, run } from "../side.mjs";
import { AUGMENTED, makeFolders, NORMALIZED } from "./epochs.mjs";

/** What is held to, of transforms that a step leaves time for. */
const MOST = 0.05;
const CASES = {
  normalized: { workers: "auto", transforms: NORMALIZED },
  "flip and noise": {
    workers: 1,
    transforms: {
      ...NORMALIZED,
      augmentations: [
        ["RandomFlip", { axes: [0, 1, 2] }],
        ["RandomNoise", {}],
      ],
    },
  },
  augmented: { workers: 1, transforms: AUGMENTED },
};

export async function waiting({ python, rounds, short, work, say, out }) {
  const shape = short ? [37, 44, 37] : [182, 218, 182];
  const one = { folder: "images", shape, dtype: "float32", images: short ? 2 : 8 };
  await makeFolders(python, work, [one]);
  out(`\n${"waiting for data".padEnd(24)}${["epoch s", "waiting s", "share %"].map((h) => h.padStart(12)).join("")}`);
  const figures = {};
  for (const [name, { workers, transforms }] of Object.entries(CASES)) {
    const runs = [];
    for (let round = 0; round < rounds; round++) {
      say(`waiting, ${name}, round ${round + 1} of ${rounds} …`);
      const settings = { folder: join(work, one.folder), shape, workers, transforms, epochs: 2 };
      runs.push(await run(process.execPath, ["bench/data/waiting.ts", JSON.stringify(settings)]));
    }
    // the first epoch reads the images
    const [seconds, waited] = ["seconds", "waited"].map((key) => median(runs.map((said) => said[key].at(-1))));
    figures[name] = { unit: "s", seconds, waited, share: waited / seconds, most: MOST };
    out(
      `${name.padEnd(24)}${[seconds, waited, (100 * waited) / seconds].map((n) => n.toFixed(2).padStart(12)).join("")}`,
    );
  }
  return figures;
}
