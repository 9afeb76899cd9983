// Whole epochs over images in a BIDS folder, without a network: here and in ClinicaDL, in turn, each with its best number of
// workers. Uncached, each epoch reads the files again; cached, the images stay in memory after the first epoch.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { median, run } from "../side.mjs";

const SHAPES = { "2 mm": [91, 109, 91], "1 mm": [182, 218, 182] };
export const NORMALIZED = { image_transforms: [["ZNormalization", {}]] };
export const AUGMENTED = {
  ...NORMALIZED,
  augmentations: [
    ["RandomAffine", {}],
    ["RandomElasticDeformation", {}],
    ["RandomFlip", { axes: [0, 1, 2] }],
    ["RandomNoise", {}],
    ["RandomBiasField", {}],
    ["RandomMotion", {}],
  ],
};

export async function epochs({ python, rounds, short, work, say, out }) {
  const shapes = short ? { "5 mm": [37, 44, 37] } : SHAPES;
  const cases = Object.entries(shapes).flatMap(([resolution, shape]) => {
    const images = short ? 2 : resolution === "2 mm" ? 16 : 8;
    const of = (name, dtype, transforms, epochs) => ({
      name: `${resolution} ${dtype}, ${name}`,
      folder: `${resolution[0]}-${dtype}`,
      ...{ shape, dtype, images, transforms, epochs },
    });
    if (short) return [of("augmented", "float32", AUGMENTED, 2)];
    return [
      of("read", "int16", {}, 4),
      of("read", "float32", {}, 4),
      of("normalized", "int16", NORMALIZED, 4),
      of("normalized", "float32", NORMALIZED, 4),
      of("augmented", "float32", AUGMENTED, 2),
    ];
  });
  await makeFolders(python, work, cases);
  const heads = ["this s", "ClinicaDL s", "ratio", "cached s", "ratio", "this MB", "ClinicaDL MB"];
  out(`\n${"epochs".padEnd(28)}${heads.map((h) => h.padStart(13)).join("")}`);
  const figures = {};
  for (const { name, folder, transforms, epochs } of cases) {
    /** Seconds and peaks of each side and number of workers. */
    const runs = { off: {}, memory: {}, reference: {} };
    for (let round = 0; round < rounds; round++) {
      say(`epochs, ${name}, round ${round + 1} of ${rounds} …`);
      for (const [side, byWorkers] of Object.entries(runs)) {
        const counts = side === "reference" ? [0, 2] : [0, 2, "auto"];
        for (const workers of short ? [2] : counts) {
          const settings = JSON.stringify({ folder: join(work, folder), transforms, epochs, workers, cache: side });
          const said =
            side === "reference"
              ? await run(python, ["bench/data/epochs.py", settings])
              : await run(process.execPath, ["bench/data/epochs.ts", settings]);
          byWorkers[workers] ??= { seconds: [], peaks: [] };
          // the first epoch starts workers and fills the cache
          byWorkers[workers].seconds.push(...said.seconds.slice(1));
          byWorkers[workers].peaks.push(said.peakMB);
        }
      }
    }
    const best = (side) =>
      Object.entries(runs[side])
        .map(([workers, { seconds, peaks }]) => ({ workers, seconds: median(seconds), peakMB: median(peaks) }))
        .reduce((a, b) => (b.seconds < a.seconds ? b : a));
    const [uncached, cached, reference] = [best("off"), best("memory"), best("reference")];
    const ratios = {
      uncachedRatio: reference.seconds / uncached.seconds,
      cachedRatio: reference.seconds / cached.seconds,
    };
    figures[name] = { unit: "s", uncached, cached, reference, ...ratios };
    const cells = [
      uncached.seconds.toFixed(3),
      reference.seconds.toFixed(3),
      ratios.uncachedRatio.toFixed(2),
      cached.seconds.toFixed(4),
      ratios.cachedRatio.toFixed(1),
      uncached.peakMB.toFixed(0),
      reference.peakMB.toFixed(0),
    ];
    out(`${name.padEnd(28)}${cells.map((cell) => cell.padStart(13)).join("")}`);
  }
  return figures;
}

/** A BIDS folder for each shape and type: one image, copied to every participant. */
export async function makeFolders(python, work, cases) {
  const folders = new Map(cases.map((one) => [one.folder, one]));
  const files = [...folders.values()].map(({ folder, shape, dtype }) => {
    mkdirSync(join(work, folder));
    return { shape, dtype, path: join(work, `${folder}.nii.gz`) };
  });
  await run(python, ["bench/data/decode.py", "make", JSON.stringify(files)]);
  for (const { folder, images } of folders.values()) {
    const description = { Name: folder, BIDSVersion: "1.10.0", DatasetType: "raw" };
    writeFileSync(join(work, folder, "dataset_description.json"), JSON.stringify(description));
    for (let i = 0; i < images; i++) {
      const participant = `sub-${String(i).padStart(3, "0")}`;
      const place = join(work, folder, participant, "ses-M000", "anat");
      mkdirSync(place, { recursive: true });
      copyFileSync(join(work, `${folder}.nii.gz`), join(place, `${participant}_ses-M000_T1w.nii.gz`));
    }
  }
}
