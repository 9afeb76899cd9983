import { expect, it } from "vitest";
import type { DatasetRow, LoadContext, LoadedParts } from "../data/datasets/index.ts";
import { CrossEntropyLossConfig } from "../losses/index.ts";
import { SegmentationModel } from "../models/index.ts";
import { ResEncUNetConfig } from "../networks/index.ts";
import { AdamConfig } from "../optim/index.ts";
import { Split } from "../split/index.ts";
import type * as torch from "../torch/index.ts";
import { ToyDataset } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();

/** Has a mask of the brighter voxels in the place of its label. */
class Masked extends ToyDataset {
  static override readonly from = { module: import.meta.url, export: "Masked" };
  override row(index: number): DatasetRow {
    const { label: _, ...row } = super.row(index);
    return row;
  }
  override load(index: number, context: LoadContext): LoadedParts {
    const { image } = super.load(index, context) as { readonly image: torch.Tensor };
    return { image, label: image.gt(0).to({ dtype: "float32" }) };
  }
}

it("the head of the coarsest size, which learns nothing, hinders neither a training nor its resuming", async () => {
  const split = () => {
    const made = new Split({
      index: 0,
      trainDataset: new Masked([0, 1, 2, 3]),
      valDataset: new Masked([20, 21]),
    });
    made.buildTrainLoader({ batchSize: 2, shuffle: false });
    made.buildValLoader({ batchSize: 2 });
    return made;
  };
  const model = () =>
    new SegmentationModel({
      network: new ResEncUNetConfig({
        spatialDims: 3,
        inChannels: 1,
        outChannels: 2,
        featuresPerStage: [2, 4, 4],
        nBlocksPerStage: 1,
        deepSupervision: true,
      }),
      loss: new CrossEntropyLossConfig(),
      optimizer: new AdamConfig({ lr: 0.01 }),
    });
  for (const [name, numEpochs] of [
    ["two", 2],
    ["one", 1],
  ] as const) {
    await trainers.make(name, { model: model(), optimization: { numEpochs } }).train(split(), { computational });
  }
  const resumed = await trainers.fromMaps("one");
  await resumed.resume({ splitIdx: 0, split: split(), numEpochs: 2 });
  expect(trainers.differences("one", "two", {})).toEqual([]);
});
