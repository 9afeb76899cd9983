import { existsSync, rmSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { SimpleInferer, TestTimeAugmentation } from "../../infer/index.ts";
import { BCEWithLogitsLossConfig, MSELossConfig } from "../../losses/index.ts";
import { ReconstructionModel, SupervisedModel } from "../../models/index.ts";
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
  sigmoid,
  test,
} from "../fixtures/calibrated.ts";
import { Trainers } from "../fixtures/trainers.ts";
import type { Trainer } from "../trainer.ts";

const trainers = Trainers.forEachTest();

describe("what is refused", () => {
  let trainer: Trainer;
  beforeEach(() => {
    trainer = saved(trainers, binary(), { logits, labels });
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
    for (const inferer of [
      new SimpleInferer({ postprocessing: [sigmoid] }),
      new TestTimeAugmentation({ inferer: new SimpleInferer({ postprocessing: [sigmoid] }), mirrorAxes: [0] }),
    ]) {
      await expect(trainer.predict({ ...predict, inferer })).rejects.toThrow(
        /'calibrated' is true, and the 'inferer' \w+ has 'postprocessing', after which outputs are no logits/,
      );
    }
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
    // the metrics of a test would compare logits with infinity, and a prediction probabilities of 1 with 1
    for (const sure of [40, -200]) {
      const far = labels.map((label) => [label === 1 ? sure : sure - 100]);
      await expect(
        trainer.calibrate({ ...run, temperature: false, dataloader: loaderOf({ logits: far, labels }) }),
      ).rejects.toThrow(
        /threshold is the probability \S+, which float32 does not tell from [01]: .*temperature be fitted/,
      );
    }
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
    const trainer = saved(trainers, model(), { logits, labels });
    await expect(trainer.calibrate(run)).rejects.toThrow(message);
  });

  it("as are labels that do not exclude each other", async () => {
    const two = { logits: logits.map(([x = 0]) => [x, x]), labels };
    const trainer = saved(trainers, binary(), two);
    await expect(trainer.calibrate({ ...run, dataloader: loaderOf(two) })).rejects.toThrow(
      /'output' has the shape \(3, 2\). Expected \(N, 1\)/,
    );
  });
});
