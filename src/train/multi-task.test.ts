import { expect, it } from "vitest";
import { ModelCheckpointCallback } from "../callbacks/index.ts";
import { DataLoader, MixUp } from "../data/dataloader/index.ts";
import type { DatasetRow, LoadContext, LoadedParts } from "../data/datasets/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import { BCEWithLogitsLossConfig, MSELossConfig } from "../losses/index.ts";
import { LossMetricConfig, MAEMetricConfig, ROCAUCMetricConfig } from "../metrics/index.ts";
import { MultiTaskModel } from "../models/index.ts";
import { CNNConfig } from "../networks/index.ts";
import { AdamConfig } from "../optim/index.ts";
import { Split } from "../split/index.ts";
import { ToyDataset } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();

/** Has an age besides the label. */
class Aged extends ToyDataset {
  static override readonly from = { module: import.meta.url, export: "Aged" };
  override row(index: number): DatasetRow {
    return { ...super.row(index), age: this.#age(index) };
  }
  override load(index: number, context: LoadContext): LoadedParts {
    return { ...(super.load(index, context) as LoadedParts), age: this.#age(index) };
  }
  #age(index: number): number {
    return Number(super.row(index).label) + index / 10;
  }
}

function split(): Split {
  const [trainDataset, valDataset] = [new Aged([0, 1, 2, 3, 4, 5]), new Aged([20, 21, 22, 23])];
  const made = new Split({ index: 0, trainDataset, valDataset });
  made.buildTrainLoader({ batchSize: 2, shuffle: true });
  made.buildValLoader({ batchSize: 2 });
  return made;
}

const model = () =>
  new MultiTaskModel({
    network: new CNNConfig({ inShape: [1, 8, 8, 8], numOutputs: 2, convArgs: { channels: [4] } }),
    tasks: {
      age: { loss: new MSELossConfig(), weight: 0.5 },
      group: { loss: new BCEWithLogitsLossConfig(), labelKey: "label" },
    },
    optimizer: new AdamConfig({ lr: 0.01 }),
  });
const age = { predKey: "output_age", labelKey: "age" };
const metrics = {
  ageLoss: new LossMetricConfig({ lossName: "age", ...age }),
  mae: new MAEMetricConfig(age),
  auc: new ROCAUCMetricConfig({ predKey: "output_group", labelKey: "label" }),
};
const options = () => ({
  model: model(),
  metrics,
  optimization: { numEpochs: 2, accumulationSteps: 2 },
  callbacks: [new ModelCheckpointCallback({ metric: "ageLoss" })],
});

it("a MultiTaskModel is trained, selected, read back, and predicts each task", async () => {
  const trainer = trainers.make("maps", options());
  await trainer.train(split(), { computational });
  const losses = readTsv(trainers.path("maps", "training/split-0/logs/training_loss.tsv"));
  expect(Object.keys(losses[0] ?? {})).toEqual(["epoch", "batch", "age", "group"]);
  expect(losses).toHaveLength(6);
  for (const row of losses) expect(Number(row.age) * Number(row.group)).toBeGreaterThan(0);
  const [, last] = readTsv(trainers.path("maps", "training/split-0/validation_metrics/aggregated.tsv"));
  expect(Object.keys(last ?? {})).toEqual(expect.arrayContaining(["ageLoss", "mae", "auc"]));

  const restored = await trainers.fromMaps("maps");
  expect(restored.model).toBeInstanceOf(MultiTaskModel);
  expect(restored.model.toDict()).toEqual(trainer.model.toDict());
  await restored.predict({
    modelCheckpoint: "split-0_best-ageLoss",
    groupName: "new",
    dataloader: new DataLoader(new Aged([30, 31, 32]), { batchSize: 2, shuffle: false }),
    computational,
  });
  const { path } = restored.maps.prediction.group("new").results(0, "best-ageLoss");
  const rows = readTsv(`${path}/output.tsv`);
  expect(rows).toHaveLength(3);
  for (const row of rows) {
    expect(row.output_age).toBe(row.output_0);
    expect(row.output_group).toBe(row.output_1);
    expect(Number.isFinite(row.output_age)).toBe(true);
  }
});

it("a window of several batches learns as one batch does", async () => {
  const gradients = async (name: string, batchSize: number, accumulationSteps: number) => {
    const data = split();
    data.buildTrainLoader({ batchSize, shuffle: false });
    const trainer = trainers.make(name, { ...options(), optimization: { numEpochs: 1, accumulationSteps } });
    await trainer.train(data, { computational });
    return readTsv(trainers.path(name, "training/split-0/logs/gradient_norm.tsv")).map((row) =>
      Number(row.gradient_norm),
    );
  };
  const [[one], [several]] = [await gradients("one", 6, 1), await gradients("several", 2, 3)];
  expect(one).toBeGreaterThan(0);
  expect(several).toBeCloseTo(one ?? 0, 4);
});

it("labels that are not mixed with the images are refused", async () => {
  const data = split();
  data.buildTrainLoader({ batchSize: 2, batchTransform: new MixUp({ alpha: 1, targets: ["label"] }) });
  await expect(trainers.make("mixed", options()).train(data, { computational })).rejects.toThrow(
    /MixUp: images are mixed, and 'age', which the model learns, is not/,
  );
});

it("a Trainer without metrics is refused at the start: there is no loss of all tasks", () => {
  const { metrics: _, ...others } = options();
  expect(() => trainers.make("none", others)).toThrow(
    /the default metric is the loss 'loss', but the model's losses are age, group\. Pass metrics: \{\}, or your own/,
  );
  others.model.dispose();
});

/** Whose last participant has no age. */
class Incomplete extends Aged {
  static override readonly from = { module: import.meta.url, export: "Incomplete" };
  override row(index: number): DatasetRow {
    return { ...super.row(index), age: index === this.length - 1 ? null : (super.row(index).age ?? null) };
  }
  override load(index: number, context: LoadContext): LoadedParts {
    return { ...(super.load(index, context) as LoadedParts), age: this.row(index).age ?? null };
  }
}

it("a label that only the validation data lack is found before anything is written", async () => {
  const trainer = trainers.make("maps", options());
  const incomplete = new Split({
    index: 0,
    trainDataset: new Aged([0, 1, 2, 3]),
    valDataset: new Incomplete([20, 21, 22]),
  });
  incomplete.buildTrainLoader({ batchSize: 2 });
  incomplete.buildValLoader({ batchSize: 2 });
  await expect(trainer.train(incomplete, { computational })).rejects.toThrow(
    /The validation data cannot be used\. \(sub-22, ses-M000\): 'age' is missing/,
  );
  expect(trainer.maps.training.splitsList).toEqual([]);
});
