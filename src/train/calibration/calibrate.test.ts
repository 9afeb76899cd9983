import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { DataLoader } from "../../data/dataloader/index.ts";
import { Dataset, type DatasetRow, type LoadedParts } from "../../data/datasets/index.ts";
import { SimpleInferer } from "../../infer/index.ts";
import { readTsv } from "../../io/tsv/index.ts";
import { BCEWithLogitsLossConfig, CrossEntropyLossConfig, MSELossConfig } from "../../losses/index.ts";
import {
  BrierMetricConfig,
  ConfusionMatrixMetricConfig,
  fitTemperature,
  LossMetricConfig,
  withTemperature,
  youdenThreshold,
} from "../../metrics/index.ts";
import { type Model, MultiTaskModel, ReconstructionModel, SupervisedModel } from "../../models/index.ts";
import { AdamConfig } from "../../optim/index.ts";
import { ranks } from "../../run/fixtures/ranks.ts";
import { ComputationalConfig, describeSplit, RunLog } from "../../run/index.ts";
import { Split } from "../../split/index.ts";
import * as torch from "../../torch/index.ts";
import { ActivationsConfig, AsDiscreteConfig } from "../../transforms/index.ts";
import { computational, Trainers } from "../fixtures/trainers.ts";
import type { Trainer } from "../trainer.ts";
import { calibrate } from "./fit.ts";

const trainers = Trainers.forEachTest();

interface Given {
  readonly logits: readonly (readonly number[])[];
  readonly labels: readonly (number | null)[];
  readonly first: number;
}

/** The image of each participant is what the network gives for it. */
class Logits extends Dataset {
  static override readonly from = { module: import.meta.url, export: "Logits" };
  readonly #given: Given;
  constructor(given: Given) {
    super({ ...given });
    this.#given = given;
  }
  override get length(): number {
    return this.#given.labels.length;
  }
  override row(index: number): DatasetRow {
    const participantId = `sub-${this.#given.first + index}`;
    return { participantId, sessionId: "ses-M000", label: this.#given.labels[index] ?? null };
  }
  override load(index: number): LoadedParts {
    const row = this.#given.logits[index] ?? [];
    const label = this.#given.labels[index] ?? null;
    return { image: torch.tensor([...row]).reshape([row.length, 1, 1, 1]), label };
  }
}

/** Gives the values of the image, times a weight that is 1. */
class Same extends torch.nn.Module<[torch.Tensor], torch.Tensor> {
  readonly weight = new torch.nn.Parameter(torch.ones([1]));
  resetParameters(): void {
    using _grad = torch.noGrad();
    this.weight.fill_(1);
  }
  override forward(x: torch.Tensor): torch.Tensor {
    return x.flatten(1).mul(this.weight);
  }
}

const logits = [4, 3, -2, 1, -3, -4, 2, -1].map((logit) => [logit]);
const labels = [1, 1, 1, 1, 0, 0, 0, 0];
const optimizer = new AdamConfig();
const binary = () => new SupervisedModel({ network: new Same(), loss: new BCEWithLogitsLossConfig(), optimizer });
const sigmoid = new ActivationsConfig({ include: ["output"], sigmoid: true });
const decide = new AsDiscreteConfig({ include: ["output"], threshold: 0.5 });
const accuracy = { metricName: "accuracy" } as const;
const metrics = {
  loss: new LossMetricConfig(),
  brier: new BrierMetricConfig({ postprocessing: [sigmoid] }),
  accuracy: new ConfusionMatrixMetricConfig({ ...accuracy, postprocessing: [sigmoid, decide] }),
  ofLogits: new ConfusionMatrixMetricConfig({
    ...accuracy,
    postprocessing: [new AsDiscreteConfig({ include: ["output"], threshold: 0 })],
  }),
};

/** A MAPS with a model that was "trained" on split 0, with these validation data. */
function saved(model: Model, validation: Omit<Given, "first">, options: object = { metrics }): Trainer {
  const trainer = trainers.make("maps", { model, ...options });
  const columns = validation.logits[0]?.map(() => 0) ?? [];
  const split = new Split({
    index: 0,
    trainDataset: new Logits({ logits: [columns, columns], labels: [0, 1], first: 1 }),
    valDataset: new Logits({ ...validation, first: 20 }),
  });
  split.buildTrainLoader({ batchSize: 2 });
  split.buildValLoader({ batchSize: 3 });
  trainer.maps.createSplit(0, describeSplit(split, new ComputationalConfig(computational)));
  using _scope = torch.scope();
  const { path, modelPt } = trainer.maps.training.split(0).models.final;
  mkdirSync(path, { recursive: true });
  torch.save(model.stateDict(), modelPt);
  return trainer;
}
const loaderOf = (given: Omit<Given, "first">, first = 20) =>
  new DataLoader(new Logits({ ...given, first }), { batchSize: 3, shuffle: false });

const run = { splitIdx: 0, modelCheckpoint: "final", dataloader: loaderOf({ logits, labels }) };
const other = { logits: [[2.5], [3.5], [-1], [0.5]], labels: [0, 1, 0, 1] };
const test = { modelCheckpoint: "split-0_final", groupName: "new", computational };
const temperature = fitTemperature(logits, labels);
const scores = withTemperature(logits, temperature).map(([score]) => score ?? Number.NaN);
const { threshold } = youdenThreshold(scores, labels);

describe("a calibration", () => {
  it("is that of the functions of the same name, and kept beside the weights", async () => {
    const trainer = saved(binary(), { logits, labels });
    const found = await trainer.calibrate(run);
    expect(Object.keys(found)).toEqual(["final"]);
    const one = found.final?.output;
    expect(one).toMatchObject({ labelKey: "label", activation: "sigmoid", nSamples: 8, nParticipants: 8 });
    expect(one?.temperature).toBeCloseTo(temperature, 12);
    expect(one?.threshold).toBeCloseTo(threshold, 12);
    expect([one?.sensitivity, one?.specificity]).toEqual([0.5, 1]);
    const { path, calibrationJson } = trainer.maps.training.split(0).models.final;
    expect(JSON.parse(readFileSync(calibrationJson, "utf8"))).toEqual({
      outputs: {
        output: {
          label_key: "label",
          activation: "sigmoid",
          temperature: one?.temperature,
          threshold: one?.threshold,
          sensitivity: 0.5,
          specificity: 1,
          n_samples: 8,
          n_participants: 8,
        },
      },
    });
    trainer.maps.read();
    // in place of the one that is there; all checkpoints where none is named
    const again = await trainer.calibrate({ splitIdx: 0, dataloader: run.dataloader, temperature: false });
    expect(again.final?.output).toMatchObject({ temperature: null, sensitivity: 0.5 });
    expect(again.final?.output?.threshold).toBeCloseTo(1 / (1 + Math.exp(-3)), 12);
    expect(JSON.parse(readFileSync(calibrationJson, "utf8")).outputs.output.temperature).toBe(null);
    // it is the MAPS' own, and goes with the split
    expect(existsSync(path)).toBe(true);
    trainer.maps.deleteSplit(0);
    expect(existsSync(path)).toBe(false);
  });

  it.each([2, 3, 9])("is of the samples of all of several processes, each of which has it (%i)", async (size) => {
    const trainer = saved(binary(), { logits, labels });
    const { calibrationJson } = trainer.maps.training.split(0).models.final;
    const alone = await trainer.calibrate(run);
    const expected = readFileSync(calibrationJson, "utf8");
    rmSync(calibrationJson);
    const { maps, model, metrics, callbacks, optimization, state, bids } = trainer;
    const all = (data: Omit<Given, "first">) =>
      ranks(size).map(async (world) => {
        using log = new RunLog();
        const parts = { maps, model, metrics, callbacks, optimization, state, bids, log, world };
        return await calibrate(parts, { ...run, dataloader: loaderOf(data) });
      });
    expect(await Promise.all(all({ logits, labels }))).toEqual(Array.from({ length: size }, () => alone));
    expect(readFileSync(calibrationJson, "utf8")).toBe(expected);
    // an error in the part of one of them ends all
    const tried = await Promise.allSettled(all({ logits, labels: labels.with(7, 5) }));
    const messages = tried.map((one) => (one.status === "rejected" ? String(one.reason.message) : ""));
    for (const message of messages) expect(message).toMatch(/\(sub-27, ses-M000\): 'label' is 5/);
    expect(messages.filter((message) => message.startsWith("There was an error in rank"))).toHaveLength(size - 1);
    expect(readFileSync(calibrationJson, "utf8")).toBe(expected);
  });

  it("of a test divides logits, and decides by its threshold, in all metrics", async () => {
    const trainer = saved(binary(), { logits, labels });
    await trainer.test({ ...test, groupName: "plain", dataloader: loaderOf(other, 40) });
    await trainer.calibrate(run);
    await trainer.test({ ...test, dataloader: loaderOf(other, 40), calibrated: true });
    const results = (group: string) => trainer.maps.test.group(group).results(0, "final");
    const [plain = {}] = readTsv(results("plain").metrics.aggregatedTsv);
    const [calibrated = {}] = readTsv(results("new").metrics.aggregatedTsv);
    const chances = (scale: number) => other.logits.map(([x = 0]) => 1 / (1 + Math.exp(-x / scale)));
    const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    for (const [row, scale, from] of [
      [plain, 1, 0.5],
      [calibrated, temperature, threshold],
    ] as const) {
      const p = chances(scale);
      const truth = other.labels;
      expect(Number(row.brier)).toBeCloseTo(meanOf(p.map((one, i) => (one - (truth[i] ?? 0)) ** 2)), 6);
      expect(Number(row.loss)).toBeCloseTo(meanOf(p.map((one, i) => -Math.log(truth[i] === 1 ? one : 1 - one))), 6);
      const right = meanOf(p.map((one, i) => (Number(one >= from) === truth[i] ? 1 : 0)));
      expect([row.accuracy, row.ofLogits]).toEqual([right, right]);
    }
    // the two decide otherwise
    expect([plain.accuracy, calibrated.accuracy]).toEqual([0.75, 0.75]);
    const details = (group: string) => readTsv(results(group).metrics.detailsTsv).map((row) => row.accuracy);
    expect(details("plain")).toEqual([0, 1, 1, 1]);
    expect(details("new")).toEqual([1, 1, 1, 0]);
    expect(existsSync(results("plain").calibrationJson)).toBe(false);
    const kept = readFileSync(trainer.maps.training.split(0).models.final.calibrationJson, "utf8");
    expect(readFileSync(results("new").calibrationJson, "utf8")).toBe(kept);
    // the metrics of the Trainer are as they were
    await trainer.test({ ...test, groupName: "after", dataloader: loaderOf(other, 40) });
    expect(readTsv(results("after").metrics.aggregatedTsv)).toEqual([plain]);
    trainer.maps.read();
    trainer.maps.remove({ nonEmptyOk: true });
    expect(existsSync(trainer.maps.path)).toBe(false);
  });

  it("adds probabilities and decisions to a prediction", async () => {
    const trainer = saved(binary(), { logits, labels });
    await trainer.calibrate(run);
    await trainer.predict({ ...test, dataloader: loaderOf(other, 40), calibrated: true });
    const { outputTsv, calibrationJson } = trainer.maps.prediction.group("new").results(0, "final");
    expect(existsSync(calibrationJson)).toBe(true);
    const rows = readTsv(outputTsv);
    expect(Object.keys(rows[0] ?? {})).toEqual([
      ...["participant_id", "session_id", "output", "output_probability", "output_decided"],
    ]);
    rows.forEach((row, i) => {
      const [logit = 0] = other.logits[i] ?? [];
      const probability = 1 / (1 + Math.exp(-logit / temperature));
      expect(row.output).toBe(logit);
      expect(Number(row.output_probability)).toBeCloseTo(probability, 6);
      expect(row.output_decided).toBe(Number(probability >= threshold));
    });
  });

  it("of several classes has a temperature, and decides for the likeliest", async () => {
    const many = {
      logits: [
        [3, 0, -1],
        [0, 2, 1],
        [1, 0, 2],
        [2, 1, 0],
        [0, 0, 1],
      ],
      labels: [0, 1, 2, 1, 2],
    };
    const model = new SupervisedModel({ network: new Same(), loss: new CrossEntropyLossConfig(), optimizer });
    const trainer = saved(model, many, { metrics: { loss: new LossMetricConfig() } });
    const dataloader = loaderOf(many);
    const { final } = await trainer.calibrate({ ...run, dataloader });
    expect(final?.output).toMatchObject({ activation: "softmax", threshold: null, sensitivity: null });
    const expected = fitTemperature(many.logits, many.labels);
    expect(final?.output?.temperature).toBeCloseTo(expected, 12);
    await expect(trainer.calibrate({ ...run, dataloader, threshold: true })).rejects.toThrow(
      "'output' has an output for each class: the likeliest is decided",
    );
    await trainer.predict({ ...test, dataloader: loaderOf(many, 40), calibrated: true });
    const rows = readTsv(trainer.maps.prediction.group("new").results(0, "final").outputTsv);
    const chances = withTemperature(many.logits, expected);
    rows.forEach((row, i) => {
      chances[i]?.forEach((chance, c) => {
        expect(Number(row[`output_probability_${c}`])).toBeCloseTo(chance, 6);
      });
    });
    expect(rows.map((row) => row.output_decided)).toEqual([0, 1, 2, 0, 2]);
  });

  it("of several tasks is that of each that learns classes", async () => {
    const tasks = {
      age: { loss: new MSELossConfig(), labelKey: "label" },
      group: { loss: new BCEWithLogitsLossConfig(), labelKey: "label" },
    };
    const model = new MultiTaskModel({ network: new Same(), tasks, optimizer });
    const two = { logits: logits.map(([x = 0]) => [7, x]), labels };
    const trainer = saved(model, two, { metrics: {} });
    const { final } = await trainer.calibrate({ ...run, dataloader: loaderOf(two) });
    expect(Object.keys(final ?? {})).toEqual(["output_group"]);
    expect(final?.output_group?.temperature).toBeCloseTo(temperature, 12);
    await trainer.predict({ ...test, dataloader: loaderOf(two, 40), calibrated: true });
    const [row = {}] = readTsv(trainer.maps.prediction.group("new").results(0, "final").outputTsv);
    expect(Number(row.output_group_probability)).toBeCloseTo(scores[0] ?? Number.NaN, 6);
  });
});

describe("what is refused", () => {
  let trainer: Trainer;
  beforeEach(() => {
    trainer = saved(binary(), { logits, labels });
  });

  it("to apply what was not fitted, or on what it was fitted, or to the mean of several models", async () => {
    const predict = { ...test, dataloader: loaderOf(other, 40), calibrated: true };
    for (const refused of [() => trainer.test(predict), () => trainer.predict(predict)]) {
      await expect(refused()).rejects.toThrow(
        /'split-0_final' was not calibrated: there is no .*calibrate\({ splitIdx: 0, modelCheckpoint: "final" }\)/,
      );
    }
    await trainer.calibrate(run);
    await expect(trainer.predict({ ...predict, dataloader: run.dataloader })).rejects.toThrow(
      /fitted on sub-20, .*sub-27, who are among the validation data/,
    );
    await expect(trainer.test({ ...predict, dataloader: run.dataloader })).rejects.toThrow(
      "in the training or validation data",
    );
    await expect(trainer.predict({ ...predict, modelCheckpoint: "final", ensemble: [0, 1] })).rejects.toThrow(
      "'calibrated' is true with 'ensemble', whose mean was calibrated on nothing",
    );
    expect([trainer.maps.test.groupsList, trainer.maps.prediction.groupsList]).toEqual([[], []]);
  });

  it("data that are not those of the validation, and options that do not belong", async () => {
    const elsewhere = loaderOf({ logits, labels }, 90);
    await expect(trainer.calibrate({ ...run, dataloader: elsewhere })).rejects.toThrow(
      "validation data are not those of",
    );
    await expect(trainer.calibrate({ ...run, modelCheckpoint: "best-auc" })).rejects.toThrow(/best-auc.*are: final/);
    await expect(trainer.calibrate({ ...run, splitIdx: 2 })).rejects.toThrow("no training on split 2");
    await expect(trainer.calibrate({ ...run, temperature: false, threshold: false })).rejects.toThrow("both false");
    const misspelt = { ...run, treshold: true };
    await expect(trainer.calibrate(misspelt)).rejects.toThrow("unknown option 'treshold'");
  });

  it("labels that are missing, outputs that are not finite, and what cannot be fitted", async () => {
    const calibrate = (given: Omit<Given, "first">) => trainer.calibrate({ ...run, dataloader: loaderOf(given) });
    const [, ...rest] = labels;
    await expect(calibrate({ logits, labels: [2, ...rest] })).rejects.toThrow(
      /\(sub-20, ses-M000\): 'label' is 2, in the validation data/,
    );
    await expect(calibrate({ logits: [[Number.NaN], ...logits.slice(1)], labels })).rejects.toThrow(
      /\(sub-20, ses-M000\): 'output' is NaN/,
    );
    const perfect = { logits: labels.map((label) => [label === 1 ? 2 : -2]), labels };
    await expect(calibrate(perfect)).rejects.toThrow(/of 'final' on the validation data \(8 samples.*\{ temperature/);
    await expect(
      trainer.calibrate({
        ...run,
        temperature: false,
        dataloader: loaderOf({ logits: labels.map(() => [1]), labels }),
      }),
    ).rejects.toThrow("No threshold is better than to decide by chance");
    expect(existsSync(trainer.maps.training.split(0).models.final.calibrationJson)).toBe(false);
  });

  it("a file that was changed", async () => {
    await trainer.calibrate(run);
    const { calibrationJson } = trainer.maps.training.split(0).models.final;
    writeFileSync(calibrationJson, '{ "outputs": { "output": { "temperature": -1 } } }');
    await expect(trainer.test({ ...test, dataloader: loaderOf(other, 40), calibrated: true })).rejects.toThrow(
      /calibration\.json.*Calibrate the model again/s,
    );
    rmSync(calibrationJson);
  });
});

describe("models of which it is not known what they give", () => {
  it.each([
    [
      () => new ReconstructionModel({ network: new Same(), loss: new MSELossConfig(), optimizer }),
      /ReconstructionModel/,
    ],
    [() => new SupervisedModel({ network: new Same(), loss: new MSELossConfig(), optimizer }), /is MSELoss\. Taken/],
    [
      () =>
        new SupervisedModel({
          network: new Same(),
          loss: new BCEWithLogitsLossConfig(),
          optimizer,
          inferer: new SimpleInferer({ postprocessing: [sigmoid] }),
        }),
      /'postprocessing', after which outputs are no logits/,
    ],
  ])("are refused", async (model, message) => {
    const trainer = saved(model(), { logits, labels });
    await expect(trainer.calibrate(run)).rejects.toThrow(message);
  });

  it("as are labels that do not exclude each other", async () => {
    const two = { logits: logits.map(([x = 0]) => [x, x]), labels };
    const trainer = saved(binary(), two);
    await expect(trainer.calibrate({ ...run, dataloader: loaderOf(two) })).rejects.toThrow(
      /'output' has the shape \(3, 2\). Expected \(N, 1\)/,
    );
  });
});
