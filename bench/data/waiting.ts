/** Trains a network on a dataset, and prints how long each epoch took and waited for batches, as JSON. usage: waiting.ts SETTINGS */
import process from "node:process";
import { DataLoader } from "clinicadl/data/dataloader";
import { BidsDataset } from "clinicadl/data/datasets";
import * as torch from "clinicadl/torch";
import { TransformsHandler } from "clinicadl/transforms";

type Named = readonly [string, Readonly<Record<string, unknown>>];
interface Settings {
  readonly folder: string;
  readonly shape: readonly number[];
  readonly workers: number | "auto";
  readonly transforms: { readonly image_transforms?: readonly Named[]; readonly augmentations?: readonly Named[] };
  readonly epochs: number;
}

const { folder, shape, workers, transforms, epochs } = JSON.parse(process.argv[2] ?? "{}") as Settings;
const configs = (named: readonly Named[] = []) => named.map(([name, options]) => ({ name_: name, ...options }));
const dataset = new BidsDataset({
  bids: folder,
  fileType: { suffix: "T1w", dataType: "anat" },
  transforms: new TransformsHandler({
    imageTransforms: configs(transforms.image_transforms),
    augmentations: configs(transforms.augmentations),
  }),
});
dataset.train();
await using loader = new DataLoader(dataset, {
  batchSize: 2,
  shuffle: true,
  numWorkers: workers,
  persistentWorkers: workers !== "auto",
});

const { nn } = torch;
const channels = [1, 8, 16, 32, 64];
const layers = channels
  .slice(1)
  .flatMap((out, i) => [
    new nn.Conv3d(channels[i] ?? 1, out, 3, { padding: 1 }),
    new nn.BatchNorm3d(out),
    new nn.ReLU(),
    new nn.MaxPool3d(2),
  ]);
const features = shape.reduce((n, length) => n * Math.floor(length / 16), 64);
const net = new nn.Sequential(...layers, new nn.Flatten(), new nn.Linear(features, 1));
net.to({ memoryFormat: "channels_last_3d" });
const optimizer = new torch.optim.Adam(net.parameters());

const seconds: number[] = [];
const waited: number[] = [];
for (let epoch = 0; epoch < epochs; epoch++) {
  loader.setEpoch(epoch);
  const begin = performance.now();
  let waiting = 0;
  let asked = performance.now();
  for await (const batch of loader) {
    waiting += performance.now() - asked;
    using _ = torch.scope();
    const labels = torch.tensor(batch.samples.map((__, i) => [i % 2]));
    optimizer.zeroGrad();
    torch.binaryCrossEntropyWithLogits(net.call(batch.getField("image")), labels).backward();
    optimizer.step();
    batch.dispose();
    asked = performance.now();
  }
  seconds.push((performance.now() - begin) / 1000);
  waited.push(waiting / 1000);
}
process.stdout.write(`${JSON.stringify({ seconds, waited })}\n`);
