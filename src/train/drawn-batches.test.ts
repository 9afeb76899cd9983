import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Callback, TrainingCheckpointCallback } from "../callbacks/index.ts";
import { CutMix, type DataLoaderOptions, MixUp } from "../data/dataloader/index.ts";
import { BidsDataset } from "../data/datasets/index.ts";
import { CrossEntropyLossConfig, MSELossConfig, MultiMarginLossConfig } from "../losses/index.ts";
import { ReconstructionModel, SupervisedModel } from "../models/index.ts";
import { AutoEncoderConfig, CNNConfig } from "../networks/index.ts";
import { AdamConfig } from "../optim/index.ts";
import { Split } from "../split/index.ts";
import { RandomPatch } from "../transforms/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { makeCohort } from "./fixtures/cohort.ts";
import { Trainer } from "./trainer.ts";

let dir = "";
let bids = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "drawn-"));
  bids = makeCohort(dir, 6);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** 4 images to train on, of two patches each, in 4 batches; 2 to validate, of 8 patches each. */
function makeSplit(options: DataLoaderOptions): Split {
  const dataset = new BidsDataset({
    bids,
    fileType: { suffix: "T1w", dataType: "anat" },
    data: join(bids, "labels.tsv"),
    columns: ["label"],
    transforms: { extraction: new RandomPatch({ patchSize: 4, numSamples: 2 }) },
  });
  const pairs = dataset.getParticipantSessionCouples();
  const split = new Split({
    index: 0,
    trainDataset: dataset.subset(pairs.slice(0, 4)),
    valDataset: dataset.subset(pairs.slice(4)),
  });
  split.buildTrainLoader({ batchSize: 2, numWorkers: 0, ...options });
  split.buildValLoader({ batchSize: 4, numWorkers: 0 });
  return split;
}

const network = new CNNConfig({ inShape: [1, 4, 4, 4], numOutputs: 2, convArgs: { channels: [2] } });
const makeModel = (loss: CrossEntropyLossConfig | MultiMarginLossConfig = new CrossEntropyLossConfig()) =>
  new SupervisedModel({ network, loss, optimizer: new AdamConfig({ lr: 0.01 }) });

class Stopped extends Error {}
class StopAfter extends Callback {
  #left: number;
  constructor(steps: number) {
    super();
    this.#left = steps;
  }
  override onOptimizationStepEnd(): void {
    if (--this.#left === 0) throw new Stopped("stopped");
  }
}

const computational = { gpu: false, seed: 5, deterministic: true } as const;
const optimization = { numEpochs: 2 };
const read = (name: string, file: string): string => readFileSync(join(dir, name, "training/split-0", file), "latin1");

describe("a training with RandomPatch and MixUp", () => {
  it("goes on bit by bit where it was ended, in the middle of an epoch", async () => {
    const batchTransform = new MixUp({ alpha: 0.4, numClasses: 2 });
    using whole = new Trainer({ maps: join(dir, "whole"), model: makeModel(), optimization });
    await whole.train(makeSplit({ batchTransform }), { computational });
    {
      const callbacks = [new TrainingCheckpointCallback({ everyNSteps: 1 }), new StopAfter(6)];
      using ended = new Trainer({ maps: join(dir, "ended"), model: makeModel(), optimization, callbacks });
      await expect(ended.train(makeSplit({ batchTransform }), { computational })).rejects.toThrow(Stopped);
    }
    using again = await Trainer.fromMaps(join(dir, "ended"), { callbacks: [new TrainingCheckpointCallback()] });
    await again.resume({ splitIdx: 0 });
    for (const file of ["models/final/model.pt", "logs/training_loss.tsv"])
      expect(read("ended", file)).toBe(read("whole", file));
    // 8 patches in 4 batches, in each of 2 epochs
    expect(read("whole", "logs/training_loss.tsv").trim().split("\n")).toHaveLength(1 + 8);
    using plain = new Trainer({ maps: join(dir, "plain"), model: makeModel(), optimization });
    await plain.train(makeSplit({}), { computational });
    expect(read("plain", "models/final/model.pt")).not.toBe(read("whole", "models/final/model.pt"));
  });

  it("is refused before it begins, where the loss does not take what is mixed", async () => {
    const refused = async (
      loader: DataLoaderOptions,
      message: RegExp,
      loss?: CrossEntropyLossConfig | MultiMarginLossConfig,
    ): Promise<void> => {
      using trainer = new Trainer({
        maps: join(dir, "refused"),
        model: makeModel(loss),
        optimization,
        overwrite: true,
      });
      const training = trainer.train(makeSplit(loader), { computational });
      await expect(training).rejects.toThrow(ConfigError);
      await expect(trainer.train(makeSplit(loader), { computational })).rejects.toThrow(message);
    };
    const mixUp = (options: object): DataLoaderOptions => ({
      batchTransform: { name_: "MixUp", alpha: 1, ...options },
    });
    await refused(mixUp({}), /MixUp mixes 'label', and CrossEntropyLoss takes class indices.*numClasses\./);
    await refused(mixUp({ targets: ["age"] }), /'label', which the model learns, is not.*targets: \["label"\]/);
    await refused({ batchTransform: new CutMix() }, /CutMix mixes 'label'/);
    await refused(
      mixUp({ numClasses: 2 }),
      /MultiMarginLoss takes class indices.*Use a loss of probabilities/,
      new MultiMarginLossConfig(),
    );
  });

  it("counts the samples of an evaluation as it will have them", async () => {
    const split = makeSplit({});
    // two patches of each image in training, 8 of each in evaluation
    expect(split.valDataset.length).toBe(4);
    split.buildValLoader({ batchSize: 3, dropLast: true });
    using trainer = new Trainer({ maps: join(dir, "counted"), model: makeModel(), optimization });
    const training = trainer.train(split, { computational });
    await expect(training).rejects.toThrow(/drops the last batch, and 1 of 16 samples/);
  });

  it("mixes images that are to be given again, and no labels", async () => {
    const model = new ReconstructionModel({
      network: new AutoEncoderConfig({ inShape: [1, 4, 4, 4], latentSize: 2, convArgs: { channels: [2] } }),
      loss: new MSELossConfig(),
      optimizer: new AdamConfig(),
    });
    using trainer = new Trainer({ maps: join(dir, "images"), model, optimization: { numEpochs: 1 } });
    await trainer.train(makeSplit({ batchTransform: new CutMix({ targets: [] }) }), { computational });
    expect(trainer.state.currentEpoch).toBe(1);
  });
});
