import { existsSync, readFileSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readTsv } from "../../io/tsv/index.ts";
import { BCEWithLogitsLossConfig, CrossEntropyLossConfig, MSELossConfig } from "../../losses/index.ts";
import { fitTemperature, LossMetricConfig, withTemperature } from "../../metrics/index.ts";
import { MultiTaskModel, SupervisedModel } from "../../models/index.ts";
import { ranks } from "../../run/fixtures/ranks.ts";
import { RunLog } from "../../run/index.ts";
import {
  binary,
  type Given,
  labels,
  loaderOf,
  logits,
  optimizer,
  other,
  run,
  Same,
  saved,
  scores,
  temperature,
  test,
  threshold,
} from "../fixtures/calibrated.ts";
import { Trainers } from "../fixtures/trainers.ts";
import { calibrate } from "./fit.ts";

const trainers = Trainers.forEachTest();

describe("a calibration", () => {
  it("is that of the functions of the same name, and kept beside the weights", async () => {
    const trainer = saved(trainers, binary(), { logits, labels });
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
    const trainer = saved(trainers, binary(), { logits, labels });
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
    const trainer = saved(trainers, binary(), { logits, labels });
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
    const trainer = saved(trainers, binary(), { logits, labels });
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
    const trainer = saved(trainers, model, many, { metrics: { loss: new LossMetricConfig() } });
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
    const trainer = saved(trainers, model, two, { metrics: {} });
    const { final } = await trainer.calibrate({ ...run, dataloader: loaderOf(two) });
    expect(Object.keys(final ?? {})).toEqual(["output_group"]);
    expect(final?.output_group?.temperature).toBeCloseTo(temperature, 12);
    await trainer.predict({ ...test, dataloader: loaderOf(two, 40), calibrated: true });
    const [row = {}] = readTsv(trainer.maps.prediction.group("new").results(0, "final").outputTsv);
    expect(Number(row.output_group_probability)).toBeCloseTo(scores[0] ?? Number.NaN, 6);
  });
});
