import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Batch } from "../data/dataloader/index.ts";
import { DataLoader } from "../data/dataloader/index.ts";
import {
  BidsDataset,
  type DatasetRow,
  type LoadContext,
  type LoadedParts,
  UnpairedDataset,
} from "../data/datasets/index.ts";
import type { Cell } from "../io/tsv/index.ts";
import { CrossEntropyLossConfig, MSELossConfig } from "../losses/index.ts";
import { MAEMetricConfig, MetricsHandler, ROCAUCMetricConfig } from "../metrics/index.ts";
import { SupervisedModel, type SupervisedModelOptions } from "../models/index.ts";
import { CNNConfig } from "../networks/index.ts";
import { AdamConfig } from "../optim/index.ts";
import { checkTrainingFields } from "../run/index.ts";
import { Split } from "../split/index.ts";
import { ConfigError, DataFrameError } from "../utils/exceptions.ts";
import { makeCohort } from "./fixtures/cohort.ts";
import { ToyDataset, toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();
const optimization = { numEpochs: 1 };

function options(more: Partial<SupervisedModelOptions> = {}, numOutputs = 1): SupervisedModelOptions {
  return {
    network: new CNNConfig({ inShape: [1, 8, 8, 8], numOutputs, convArgs: { channels: [2] } }),
    loss: new MSELossConfig(),
    optimizer: new AdamConfig({ lr: 0.01 }),
    ...more,
  };
}
/** A cohort on the disk whose labels are these. */
function cohort(labels: readonly (string | number)[], more: object = { columns: ["label"] }): BidsDataset {
  const bids = makeCohort(trainers.dir, labels.length);
  const data = join(trainers.dir, "labels.tsv");
  const rows = labels.map((label, i) => `sub-00${i}\tses-M000\t${label}\n`);
  writeFileSync(data, `participant_id\tsession_id\tlabel\n${rows.join("")}`);
  return new BidsDataset({ bids, fileType: { suffix: "T1w", dataType: "anat" }, data, ...more });
}
/** The last two are validated on. */
function splitOf(dataset: BidsDataset): Split {
  const pairs = dataset.getParticipantSessionCouples();
  const [trainDataset, valDataset] = [dataset.subset(pairs.slice(0, -2)), dataset.subset(pairs.slice(-2))];
  const split = new Split({ index: 0, trainDataset, valDataset });
  split.buildTrainLoader({ batchSize: 2 });
  split.buildValLoader({ batchSize: 2 });
  return split;
}

describe("what the loss and the metrics need is checked for all rows before anything is written", () => {
  const cases: [string, (string | number)[], SupervisedModelOptions, RegExp][] = [
    [
      "a label that is missing in the validation data",
      [0, 1, 0, 1, 0, "n/a"],
      options(),
      /validation data cannot be used\. \(sub-005, ses-M000\): 'label' is missing \(n\/a or empty\)\..*Leave these sessions out/,
    ],
    [
      "one in the training data",
      [0, 1, "n/a", "n/a", 0, 1],
      options(),
      /training data cannot be used\. \(sub-002, ses-M000\): 'label' is missing .*; \(sub-003, ses-M000\)/,
    ],
    [
      "text",
      ["AD", "CN", "AD", "CN", "AD", "CN"],
      options(),
      /\(sub-000, ses-M000\): 'label' is 'AD'; .*The column holds 'AD', 'CN'; MSELoss takes numbers\. Give numbers: columns: \{ label:/,
    ],
    [
      "one word among numbers, which alone is named",
      [0, 1, 0, 1, "unknown", 1],
      options(),
      /validation data cannot be used\. \(sub-004, ses-M000\): 'label' is 'unknown'\. The column holds 'unknown', '1'; MSELoss/,
    ],
    [
      "a class between two",
      [0, 1, 0, 1, 0.5, 1],
      options({ loss: new CrossEntropyLossConfig() }, 2),
      /validation data.*\(sub-004, ses-M000\): 'label' is 0\.5\. The column holds 0\.5, 1; CrossEntropyLoss takes class indices: integers from 0 to 1/,
    ],
    [
      "a class above the last",
      [0, 1, 0, 1, 0, 2],
      options({ loss: new CrossEntropyLossConfig() }, 2),
      /\(sub-005, ses-M000\): 'label' is 2\./,
    ],
  ];
  it.each(cases)("%s", async (_, labels, model, message) => {
    const trainer = trainers.make("maps", { model: new SupervisedModel(model), optimization });
    const training = trainer.train(splitOf(cohort(labels)), { computational });
    await expect(training).rejects.toThrow(message);
    await expect(training).rejects.toThrow(DataFrameError);
    expect(existsSync(trainers.path("maps", "training/split-0"))).toBe(false);
  });

  it.each<[string, object]>([
    ["is not among the dataset's columns", {}],
    ["has another name", { columns: { label: null }, labelKey: "age" }],
  ])("a label that %s", async (_, { labelKey, ...more }: { labelKey?: string }) => {
    const model = new SupervisedModel(options(labelKey === undefined ? {} : { labelKey }));
    const trainer = trainers.make("maps", { model, optimization });
    await expect(trainer.train(splitOf(cohort([0, 1, 0, 1, 0, 1], more)), { computational })).rejects.toThrow(
      new RegExp(
        `training data have no field '${labelKey ?? "label"}', which MSELoss needs; they have 'image'.*columns: \\["`,
      ),
    );
    expect(existsSync(trainers.path("maps", "training/split-0"))).toBe(false);
  });

  it("labels of a metric that are not binary, whatever the loss takes", async () => {
    const trainer = trainers.make("maps", {
      model: new SupervisedModel(options()),
      metrics: { auc: new ROCAUCMetricConfig() },
      optimization,
    });
    await expect(trainer.train(splitOf(cohort([1, 2, 1, 2, 1, 2])), { computational })).rejects.toThrow(
      /validation data.*\(sub-005, ses-M000\): 'label' is 2.*ROCAUCMetric takes labels that are 0 or 1/,
    );
  });

  it("a field of one metric only, which is not the model's", async () => {
    const metrics = { mae: new MAEMetricConfig({ labelKey: "score" }) };
    const trainer = trainers.make("maps", { model: new SupervisedModel(options()), metrics, optimization });
    await expect(trainer.train(splitOf(cohort([0, 1, 0, 1, 0, 1])), { computational })).rejects.toThrow(
      /validation data have no field 'score', which MAEMetric needs/,
    );
  });
});

describe("test and validate check them, too", () => {
  class Odd extends ToyDataset {
    readonly #label: Cell;
    constructor(ids: readonly number[], label: Cell) {
      super(ids);
      this.#label = label;
    }
    override row(index: number): DatasetRow {
      return index === 0 ? { ...super.row(index), label: this.#label } : super.row(index);
    }
    override load(index: number, context: LoadContext): LoadedParts {
      return { image: super.load(index, context).image };
    }
  }
  it("of an UnpairedDataset, in each member that has the field", async () => {
    const labelled = cohort([0, 1, 0, "n/a", 0, 1]);
    const trainDataset = new UnpairedDataset([cohort([0, 1, 0, 1, 0, 1], {}), labelled]);
    const good = cohort([0, 1, 0, 1, 0, 1]);
    const valDataset = new UnpairedDataset([good, cohort([0, 1, 0, 1, 0, 1], {})]);
    const metrics = new MetricsHandler({});
    using model = new SupervisedModel(options());
    metrics.initMetrics(model);
    const check = (train: UnpairedDataset) =>
      checkTrainingFields(model, metrics, new Split({ index: 0, trainDataset: train, valDataset }));
    await expect(check(trainDataset)).rejects.toThrow(
      /training data cannot be used\. \(sub-003, ses-M000\): 'label' is missing/,
    );
    await check(valDataset);
    const without = new UnpairedDataset([cohort([0, 1], {}), cohort([0, 1], {})]);
    await expect(check(without)).rejects.toThrow(/have no field 'label'/);
  });
  it("before anything is written", async () => {
    const trainer = trainers.make("maps", { optimization });
    await trainer.train(toySplit(), { computational });
    const dataloader = new DataLoader(new Odd([30, 31], null), { batchSize: 2, shuffle: false });
    const test = trainer.test({ modelCheckpoint: "split-0_final", groupName: "g", dataloader, computational });
    await expect(test).rejects.toThrow(/test data cannot be used\. \(sub-30, ses-M000\): 'label' is missing/);
    expect(trainer.maps.test.groupsList).toEqual([]);

    const validation = new DataLoader(new Odd([20, 21, 22, 23], 3), { batchSize: 2, shuffle: false });
    await expect(trainer.validate({ splitIdx: 0, metrics: ["loss"], dataloader: validation })).rejects.toThrow(
      /validation data cannot be used\. \(sub-20, ses-M000\): 'label' is 3/,
    );
  });
});

describe("what is not known is not refused", () => {
  class Diagnosed extends ToyDataset {
    override row(index: number): DatasetRow {
      const row = super.row(index);
      return { ...row, label: row.label === 1 ? "AD" : null };
    }
  }
  const split = () => {
    const made = new Split({ index: 0, trainDataset: new Diagnosed([0, 1, 2, 3]), valDataset: new Diagnosed([4, 5]) });
    made.buildTrainLoader({ batchSize: 4 });
    made.buildValLoader({ batchSize: 2 });
    return made;
  };
  it("a dataset that makes numbers of its cells", async () => {
    const trainer = trainers.make("maps", { optimization });
    await trainer.train(split(), { computational });
    expect(trainer.state.optimStep).toBe(1);
  });
  it("labels that the forward step of one's own does not look at", async () => {
    class Own extends SupervisedModel {
      override forwardStep(batch: Batch) {
        return this.network
          .call(batch.getField("image", { dtype: "float32" }))
          .square()
          .mean();
      }
    }
    const trainer = trainers.make("maps", { model: new Own(options()), metrics: {}, optimization });
    await trainer.train(splitOf(cohort(["n/a", "n/a", "n/a", "n/a", "n/a", "n/a"])), { computational });
    expect(trainer.state.optimStep).toBe(2);
  });
});

describe("the loaders are checked before anything is written", () => {
  const refused = async (
    split: Split,
    message: RegExp,
    error: abstract new (...args: never[]) => Error = ConfigError,
  ) => {
    const training = trainers.make("maps", { optimization }).train(split, { computational });
    await expect(training).rejects.toThrow(message);
    await expect(training).rejects.toThrow(error);
    expect(existsSync(trainers.path("maps", "training/split-0"))).toBe(false);
  };

  it("an epoch without a step", async () => {
    const split = toySplit();
    split.buildTrainLoader({ batchSize: 16, dropLast: true });
    await refused(split, /10 samples, batchSize 16\. Use a smaller batchSize, or dropLast: false/);
  });
  it.each<[string, Cell, RegExp]>([
    ["0 for all", 0, /sampling weights 'weight' are all 0/],
    ["negative", -1, /\(sub-0, ses-M000\): the sampling weight 'weight' is -1/],
    ["missing", null, /the sampling weight 'weight' is null/],
    ["NaN, which is missing", Number.NaN, /the sampling weight 'weight' is null/],
  ])("sampling weights that are %s", async (_, weight, message) => {
    class Weighted extends ToyDataset {
      override row(index: number): DatasetRow {
        return { ...super.row(index), weight };
      }
    }
    const split = new Split({ index: 0, trainDataset: new Weighted([0, 1, 2, 3]), valDataset: new ToyDataset([4, 5]) });
    split.buildValLoader({ batchSize: 2 });
    split.buildTrainLoader({ batchSize: 4, samplingWeights: "weight" });
    await refused(split, message, DataFrameError);
  });
  it("a batch of one sample where the network normalises over the batch", async () => {
    await refused(toySplit({ batchSize: 3 }), /10 samples in batches of 3 leave a batch of one.*dropLast: true/);
  });
  it("a validation that leaves out samples, or draws them", async () => {
    const dropping = toySplit();
    dropping.buildValLoader({ batchSize: 3, dropLast: true });
    await refused(dropping, /train, for its validation: the loader drops the last batch, and 1 of 4 samples with it/);
  });
  it("one that draws them", async () => {
    const drawing = toySplit();
    drawing.buildValLoader({ batchSize: 2, samplingWeights: "label" });
    await refused(drawing, /train, for its validation: the loader draws samples by 'label'/);
  });

  it("those of test and validate", async () => {
    const trainer = trainers.make("maps", { optimization });
    const whole = toySplit();
    whole.buildValLoader({ batchSize: 2, dropLast: true }); // which drops none
    await trainer.train(whole, { computational });
    const loader = (ids: number[], more: object) => new DataLoader(new ToyDataset(ids), { batchSize: 2, ...more });
    const test = (dataloader: DataLoader) =>
      trainer.test({ modelCheckpoint: "split-0_final", groupName: "g", dataloader, computational });
    await expect(test(loader([30, 31, 32], { dropLast: true }))).rejects.toThrow(/^test: the loader drops .* 1 of 3/);
    await expect(test(loader([30, 31, 32], { samplingWeights: "label" }))).rejects.toThrow(/^test: the loader draws/);
    expect(trainer.maps.test.groupsList).toEqual([]);
    const validate = (more: object) =>
      trainer.validate({ splitIdx: 0, metrics: ["loss"], dataloader: loader([20, 21, 22, 23], more) });
    await expect(validate({ batchSize: 3, dropLast: true })).rejects.toThrow(/^validate: the loader drops .* 1 of 4/);
    await expect(validate({ samplingWeights: "label" })).rejects.toThrow(/^validate: the loader draws/);
    expect(readFileSync(trainers.path("maps", "training/split-0/warning.log"), "utf8")).toBe("");
  });
});
