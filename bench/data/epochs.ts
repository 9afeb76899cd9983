/** Goes through a dataset, epoch by epoch, and prints how long each took, as JSON. usage: epochs.ts SETTINGS */
import process from "node:process";
import { DataLoader } from "clinicadl/data/dataloader";
import { BidsDataset } from "clinicadl/data/datasets";
import { BidsFileType } from "clinicadl/io/bids";
import * as torch from "clinicadl/torch";
import { TransformsHandler } from "clinicadl/transforms";

type Named = readonly [string, Readonly<Record<string, unknown>>];
interface Settings {
  readonly folder: string;
  readonly transforms: { readonly image_transforms?: readonly Named[]; readonly augmentations?: readonly Named[] };
  readonly epochs: number;
  readonly workers: number | "auto";
  readonly cache: "off" | "memory";
}

const { folder, transforms, epochs, workers, cache } = JSON.parse(process.argv[2] ?? "{}") as Settings;
const configs = (named: readonly Named[] = []) => named.map(([name, options]) => ({ name_: name, ...options }));
const dataset = new BidsDataset({
  bids: folder,
  fileType: new BidsFileType({ suffix: "T1w", dataType: "anat" }),
  transforms: new TransformsHandler({
    imageTransforms: configs(transforms.image_transforms),
    augmentations: configs(transforms.augmentations),
  }),
  cache,
});
dataset.train();
const loader = new DataLoader(dataset, {
  batchSize: 2,
  numWorkers: workers,
  persistentWorkers: workers !== "auto" && workers > 0,
});
const seconds: number[] = [];
for (let epoch = 0; epoch < epochs; epoch++) {
  loader.setEpoch(epoch);
  const begin = performance.now();
  for await (const batch of loader) {
    using _ = torch.scope();
    batch.getField("image", { dtype: "float32" });
    batch.dispose();
  }
  seconds.push((performance.now() - begin) / 1000);
}
process.stdout.write(`${JSON.stringify({ seconds, peakMB: process.resourceUsage().maxRSS / 1024 })}\n`, () =>
  process.exit(0),
);
