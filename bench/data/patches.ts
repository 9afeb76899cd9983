/** Cuts random patches out of an image in the cache on disk, and prints how long each took, as JSON. usage: patches.ts SETTINGS */
import { mkdtempSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { BidsDataset } from "clinicadl/data/datasets";
import * as torch from "clinicadl/torch";
import { Patch } from "clinicadl/transforms";

const { bids, size, times, work } = JSON.parse(process.argv[2] ?? "{}") as {
  bids: string;
  size: number;
  times: number;
  work: string;
};
torch.setNumThreads(1);
const disk = mkdtempSync(join(work, "cache-"));
const make = (): BidsDataset =>
  new BidsDataset({
    bids,
    fileType: { suffix: "T1w", dataType: "anat" },
    cache: { disk },
    // one begins at every voxel
    transforms: { extraction: new Patch({ patchSize: size, overlap: 0.999, padMode: null }) },
  });
// the dataset that read the image still has it in memory
make().load(0)[Symbol.dispose]();
const dataset = make();
const seconds: number[] = [];
// the first warm up
for (let i = 0; i < times + 10; i++) {
  const index = Math.floor(Math.random() * dataset.length);
  const begin = performance.now();
  using _ = dataset.load(index);
  if (i >= 10) seconds.push((performance.now() - begin) / 1000);
}
const [entry = ""] = readdirSync(disk);
process.stdout.write(`${JSON.stringify({ seconds, bytes: statSync(join(disk, entry)).size })}\n`);
