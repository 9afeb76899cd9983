import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  type Callback,
  EarlyStoppingCallback,
  LRSchedulerCallback,
  ModelCheckpointCallback,
  TrainingCheckpointCallback,
} from "../callbacks/index.ts";
import { ReduceLROnPlateauConfig } from "../optim/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();
const MORE = ["models/best_models/best-loss/model.pt", "models/checkpoints/epoch-2/model.pt", "summary.log"];

/** The rate falls after two epochs whose loss did not fall by 10, that is in the third, in the sixth … */
const callbacks = (...more: Callback[]) => [
  new TrainingCheckpointCallback({ everyNEpochs: 2 }),
  new ModelCheckpointCallback({ metric: "loss", epochs: [2] }),
  new LRSchedulerCallback({
    scheduler: new ReduceLROnPlateauConfig({ patience: 1, threshold: 10, thresholdMode: "abs" }),
    metricName: "loss",
  }),
  ...more,
];
/** Stops in the fourth epoch. */
const stopping = () => new EarlyStoppingCallback({ metric: "loss", patience: 2, minDelta: 10 });

const optimization = (numEpochs: number) => ({ numEpochs, accumulationSteps: 2 });
const summary = (name: string) =>
  trainers.text(name, "training/split-0/summary.log").replace(/Date: .*|\d\.\d\de[^|]*/g, "");

describe("a training that is complete", () => {
  it("goes on as if it had been meant to be longer", async () => {
    await trainers
      .make("long", { optimization: optimization(5), callbacks: callbacks() })
      .train(toySplit(), { computational });
    const short = trainers.make("short", { optimization: optimization(3), callbacks: callbacks() });
    await short.train(toySplit(), { computational });
    await expect(short.resume({ splitIdx: 0, split: toySplit() })).rejects.toThrow(/complete.*numEpochs/);
    // in a new process
    const later = await trainers.fromMaps("short");
    await later.resume({ splitIdx: 0, split: toySplit(), numEpochs: 5 });
    expect(later.state.currentEpoch).toBe(5);
    const logs = ["logs/learning_rates/optimizer.tsv"];
    expect(trainers.differences("short", "long", { more: [...MORE.slice(0, 2), ...logs] })).toEqual([]);
    // it says only how it ended
    expect(summary("short").match(/Training \w+ after \d+ epochs/g)).toEqual(["Training completed after 5 epochs"]);
    await expect(later.resume({ splitIdx: 0, split: toySplit() })).rejects.toThrow(/complete/);
  });

  it("goes on several times, one epoch at a time", async () => {
    await trainers
      .make("long", { optimization: optimization(4), callbacks: callbacks() })
      .train(toySplit(), { computational });
    const short = trainers.make("short", { optimization: optimization(1), callbacks: callbacks() });
    await short.train(toySplit(), { computational });
    for (const numEpochs of [2, 3, 4]) await short.resume({ splitIdx: 0, split: toySplit(), numEpochs });
    expect(trainers.differences("short", "long", { more: MORE.slice(0, 2) })).toEqual([]);
  });

  it("can be confirmed, but not shortened", async () => {
    const trainer = trainers.make("done", { optimization: optimization(2), callbacks: callbacks() });
    await trainer.train(toySplit(), { computational });
    for (const numEpochs of [1, 0, 2.5, Number.NaN]) {
      await expect(trainer.resume({ splitIdx: 0, split: toySplit(), numEpochs })).rejects.toThrow(
        /'numEpochs' got .*trained for 2 epochs already/,
      );
    }
    // what is there, stays
    await expect(trainer.resume({ splitIdx: 0, split: toySplit() })).rejects.toThrow(/complete/);
    await trainer.resume({ splitIdx: 0, split: toySplit(), numEpochs: 2 });
    expect(trainer.state.currentEpoch).toBe(2);
    await expect(trainer.resume({ splitIdx: 0, split: toySplit() })).rejects.toThrow(/complete/);
  });
});

describe("a training that was stopped early", () => {
  it("goes on without what stopped it", async () => {
    await trainers
      .make("long", { optimization: optimization(6), callbacks: callbacks() })
      .train(toySplit(), { computational });
    const trainer = trainers.make("stopped", { optimization: optimization(9), callbacks: callbacks(stopping()) });
    await trainer.train(toySplit(), { computational });
    expect(trainer.state.currentEpoch).toBe(4);
    const free = await trainers.fromMaps("stopped", { callbacks: callbacks() });
    await free.resume({ splitIdx: 0, split: toySplit(), numEpochs: 6 });
    expect(trainers.differences("stopped", "long", { more: MORE.slice(0, 2) })).toEqual([]);
  });

  it("stops again after one epoch if that is no better", async () => {
    await trainers
      .make("long", { optimization: optimization(5), callbacks: callbacks() })
      .train(toySplit(), { computational });
    await trainers
      .make("stopped", { optimization: optimization(9), callbacks: callbacks(stopping()) })
      .train(toySplit(), { computational });
    const again = await trainers.fromMaps("stopped");
    await again.resume({ splitIdx: 0, split: toySplit(), numEpochs: 9 });
    expect(again.state.currentEpoch).toBe(5);
    expect(trainers.differences("stopped", "long", { more: MORE.slice(0, 2) })).toEqual([]);
  });
});

describe("a training that is extended, and interrupted again", () => {
  it("goes on to the number of epochs that it was extended to", async () => {
    await trainers
      .make("long", { optimization: optimization(5), callbacks: callbacks() })
      .train(toySplit(), { computational });
    const trainer = trainers.make("short", { optimization: optimization(3), callbacks: callbacks() });
    await trainer.train(toySplit(), { computational });
    const faulty = toySplit({ broken: 5 });
    faulty.trainDataset.get = () => Promise.reject(new Error("no such image"));
    await expect(trainer.resume({ splitIdx: 0, split: faulty, numEpochs: 5 })).rejects.toThrow("no such image");
    // the final model of the first training is still there
    expect(existsSync(trainers.path("short", "training/split-0/models/final/model.pt"))).toBe(true);
    await trainer.resume({ splitIdx: 0, split: toySplit() });
    expect(trainer.state.currentEpoch).toBe(5);
    expect(trainers.differences("short", "long", { more: MORE.slice(0, 2) })).toEqual([]);
  });
});
