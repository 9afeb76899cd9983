import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Batch, DataLoader } from "../data/dataloader/index.ts";
import { PairedDataset, registerDataset } from "../data/datasets/index.ts";
import { Faces } from "../data/fixtures/own.ts";
import type { Sample } from "../data/structures/index.ts";
import { readJson } from "../io/files/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import { BCEWithLogitsLossConfig } from "../losses/index.ts";
import { MAEMetricConfig } from "../metrics/index.ts";
import { Model, type Scaler, SupervisedModel } from "../models/index.ts";
import { CNN, CNNConfig } from "../networks/index.ts";
import { AdamConfig, type Optimizer } from "../optim/index.ts";
import { Split } from "../split/index.ts";
import * as torch from "../torch/index.ts";
import { CannotReadJsonError } from "../utils/exceptions.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();

const model = () =>
  new SupervisedModel({
    network: new CNNConfig({ inShape: [1, 4, 4, 4], numOutputs: 1, convArgs: { channels: [2] } }),
    loss: new BCEWithLogitsLossConfig(),
    optimizer: new AdamConfig({ lr: 0.01 }),
  });

/** Ten participants of two sessions, the last two of which validate. */
function splitOf(numWorkers = 0): Split<Sample> {
  const dataset = new Faces({ count: 20, noise: 0.5 });
  const isLast = ([participant]: readonly [string, string]) => participant === "sub-8" || participant === "sub-9";
  const pairs = dataset.getParticipantSessionCouples();
  const split = new Split({
    index: 0,
    trainDataset: dataset.subset(pairs.filter((pair) => !isLast(pair))),
    valDataset: dataset.subset(pairs.filter(isLast)),
  });
  split.buildTrainLoader({ batchSize: 4, numWorkers });
  split.buildValLoader({ batchSize: 2, numWorkers });
  return split;
}

describe("a dataset of one's own, three members", () => {
  it("is trained on, with the same bits with worker threads and without", async () => {
    for (const numWorkers of [0, 2]) {
      const trainer = trainers.make(`maps${numWorkers}`, { model: model(), optimization: { numEpochs: 2 } });
      await trainer.train(splitOf(numWorkers), { computational });
    }
    expect(trainers.differences("maps0", "maps2")).toEqual([]);
  });

  it("is recorded, validated, predicted for and gone on with, given again or registered", async () => {
    const trainer = trainers.make("maps", { model: model(), optimization: { numEpochs: 1 } });
    await trainer.train(splitOf(), { computational });
    expect(readTsv(trainers.path("maps", "training/data/validation/split-0/data.tsv"))).toHaveLength(4);
    const recorded = readJson(trainers.path("maps", "training/data/train/split-0/dataset.json"));
    expect(recorded).toMatchObject({ name_: "Faces", options: { count: 20, noise: 0.5 } });

    const opened = await trainers.fromMaps("maps");
    await expect(opened.validate({ splitIdx: 0, metrics: ["loss"] })).rejects.toThrow(CannotReadJsonError);
    await expect(opened.validate({ splitIdx: 0, metrics: ["loss"] })).rejects.toThrow(/register its class/);
    await opened.validate({ splitIdx: 0, metrics: ["loss"], dataloader: splitOf().valLoader });
    await opened.resume({ splitIdx: 0, split: splitOf(), numEpochs: 2 });

    const others = new DataLoader(new Faces({ count: 3 }).subset([["sub-0", "ses-M000"]]), { shuffle: false });
    const predict = { modelCheckpoint: "split-0_final", groupName: "new", computational };
    await opened.predict({ ...predict, dataloader: others });
    expect(readTsv(trainers.path("maps", "prediction/group-new/results/split-0/final/output.tsv"))).toMatchObject([
      { participant_id: "sub-0", session_id: "ses-M000" },
    ]);

    registerDataset(Faces);
    const again = await trainers.fromMaps("maps");
    await again.validate({ splitIdx: 0, metrics: ["loss"] });
    await again.resume({ splitIdx: 0, numEpochs: 3 });
    expect(readTsv(trainers.path("maps", "training/split-0/validation_metrics/aggregated.tsv"))).toHaveLength(3);
  });

  it("is trained on in pairs, by a model that says so, and not by another", async () => {
    class Siamese extends Model<readonly Batch[]> {
      network = new CNN({ inShape: [1, 4, 4, 4], numOutputs: 1, convArgs: { channels: [2] } });
      loss = new torch.nn.MSELoss();
      override forwardStep([a, b]: readonly Batch[]): torch.Tensor {
        return this.loss.call(this.#outputOf(a), this.#outputOf(b));
      }
      override backwardStep(loss: torch.Tensor, gradScaler: Scaler): void {
        gradScaler.scale(loss).backward();
      }
      override optimizationStep({ adam }: Readonly<Record<string, Optimizer>>, gradScaler: Scaler): void {
        if (adam !== undefined) gradScaler.step(adam);
      }
      override evaluationStep([a]: readonly Batch[]): Batch {
        if (a === undefined) throw new Error("no batch");
        a.addField("output", this.#outputOf(a));
        return a;
      }
      override buildOptimizers() {
        return { adam: new AdamConfig({ lr: 0.01 }).getObject(this.network) };
      }
      override getLossFunctions() {
        return { loss: this.loss };
      }
      #outputOf(batch: Batch | undefined): torch.Tensor {
        if (batch === undefined) throw new Error("no batch");
        return this.network.call(batch.getField("image", { dtype: "float32" }));
      }
    }
    const pairs = new PairedDataset([new Faces({ count: 12, noise: 0.5 }), new Faces({ count: 12 })]);
    const make = (numWorkers: number) => {
      const couples = pairs.getParticipantSessionCouples();
      const [trainDataset, valDataset] = [pairs.subset(couples.slice(0, 8)), pairs.subset(couples.slice(8))];
      const split = new Split({ index: 0, trainDataset, valDataset });
      split.buildTrainLoader({ batchSize: 3, numWorkers });
      split.buildValLoader({ batchSize: 2 });
      return split;
    };
    const optimization = { numEpochs: 2, accumulationSteps: 2 };
    for (const numWorkers of [0, 2]) {
      const model = new Siamese();
      const trainer = trainers.make(`pairs${numWorkers}`, {
        model,
        metrics: { mae: new MAEMetricConfig() },
        optimization,
      });
      await trainer.train(make(numWorkers), { computational });
    }
    expect(trainers.differences("pairs0", "pairs2")).toEqual([]);
    expect(trainers.text("pairs0", "training/split-0/warning.log")).toBe("");

    const single = trainers.make("single", { model: model(), optimization });
    await expect(single.train(make(0), { computational })).rejects.toThrow(
      /forwardStep failed .*several batches at a time/,
    );
  });

  it("says what cannot go to worker threads when the loader is built, before there is a MAPS", () => {
    class Local extends Faces {}
    const dataset = new Local({ count: 4 });
    const split = new Split({ index: 0, trainDataset: dataset, valDataset: dataset });
    expect(() => split.buildTrainLoader({ numWorkers: 2 })).toThrow(/Local cannot be built again in a worker thread/);
    expect(existsSync(trainers.path("maps"))).toBe(false);
  });
});
