/** The training of `reference.py`, here. usage: ours.ts BIDS SPLIT_DIR MAPS EPOCHS STARTED SETTINGS */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Callback } from "clinicadl/callbacks";
import { BidsDataset } from "clinicadl/data/datasets";
import { BidsFileType } from "clinicadl/io/bids";
import { BCEWithLogitsLossConfig } from "clinicadl/losses/config";
import { SupervisedModel } from "clinicadl/models";
import { CNNConfig } from "clinicadl/networks/config";
import { AdamConfig, OptimizationConfig } from "clinicadl/optim";
import { KFold } from "clinicadl/split";
import { ComputationalConfig, Trainer } from "clinicadl/train";
import { TransformsHandler, ZNormalizationConfig } from "clinicadl/transforms";

const [bids = "", splitDir = "", maps = "", epochs = "1", started = "0", text = "{}"] = process.argv.slice(2);
const settings = JSON.parse(text);

const steps: number[] = [];
let start = 0;

class Watch extends Callback {
  #begin = 0;
  override onForwardStepStart(): void {
    if (start === 0) start = Date.now() / 1000 - Number(started);
    this.#begin = performance.now();
  }
  override onOptimizationStepEnd(): void {
    steps.push((performance.now() - this.#begin) / 1000);
  }
}

const dataset = new BidsDataset({
  bids,
  fileType: new BidsFileType({ suffix: "T1w", dataType: "anat" }),
  data: join(bids, "metadata.tsv"),
  columns: ["label"],
  transforms: new TransformsHandler({ imageTransforms: [new ZNormalizationConfig()] }),
});
const model = new SupervisedModel({
  network: new CNNConfig({
    inShape: settings.inShape,
    numOutputs: 1,
    convArgs: {
      channels: settings.channels,
      padding: 1,
      norm: settings.norm,
      act: settings.act,
      poolingIndices: settings.poolingIndices,
    },
  }),
  loss: new BCEWithLogitsLossConfig(),
  optimizer: new AdamConfig({ lr: settings.lr }),
});
const trainer = new Trainer({
  maps,
  model,
  optimization: new OptimizationConfig({ numEpochs: Number(epochs) }),
  callbacks: [new Watch()],
});
for (const split of new KFold(splitDir).getSplits(dataset, { splits: [0] })) {
  split.buildTrainLoader({ batchSize: settings.batchSize, shuffle: false });
  split.buildValLoader({ batchSize: settings.batchSize });
  await trainer.train(split, {
    computational: new ComputationalConfig({ gpu: false, amp: false, seed: settings.seed }),
  });
}

const loads: number[] = [];
// images that training has kept in memory would not be read
dataset.clearCache();
for (let i = 0; i < Math.min(16, dataset.length); i++) {
  const begin = performance.now();
  using _ = await dataset.get(i);
  loads.push((performance.now() - begin) / 1000);
}
const table = readFileSync(join(maps, "training/split-0/logs/training_loss.tsv"), "utf8");
const losses = table
  .split("\n")
  .slice(1)
  .filter((line) => line !== "")
  .map((line) => Number(line.split("\t").at(-1)));
process.stdout.write(
  `${JSON.stringify({ start, steps, loads, losses, peakMB: process.resourceUsage().maxRSS / 1024 })}\n`,
);
