import { describe, expect, it } from "vitest";
import { Callback, EarlyStoppingCallback, type EventArgs, ModelCheckpointCallback } from "../callbacks/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();
const metrics = { loss: new LossMetricConfig(), mae: new MAEMetricConfig() };

/** Asks to stop in the second epoch. */
class Stop extends Callback {
  override onEpochEnd({ state }: EventArgs<"onEpochEnd">): void {
    if (state.currentEpoch === 2) state.shouldStop = true;
  }
}
/** Stops in the epoch after `patience`. */
const early = (metric: string, patience: number) => new EarlyStoppingCallback({ metric, patience, minDelta: 100 });
/** Never stops. */
const patient = () => new EarlyStoppingCallback({ metric: "loss", patience: 100 });

describe("several callbacks that may stop (D31)", () => {
  it.each<[string, () => Callback[], number]>([
    ["one's own, before early stopping", () => [new Stop(), patient()], 2],
    ["one's own, after early stopping", () => [patient(), new Stop()], 2],
    ["the first of two", () => [early("loss", 1), early("mae", 100)], 3],
    ["the last of two", () => [early("mae", 100), early("loss", 1)], 3],
    ["the first that does", () => [early("mae", 2), early("loss", 1)], 3],
  ])("are heard: %s", async (_, callbacks, epochs) => {
    const trainer = trainers.make("maps", { metrics, optimization: { numEpochs: 5 }, callbacks: callbacks() });
    await trainer.train(toySplit(), { computational });
    expect(trainer.state.currentEpoch).toBe(epochs);
    expect(trainers.text("maps", "training/split-0/summary.log")).toMatch(`completed after ${epochs} epochs`);
  });
});

describe("evaluation every so many epochs (D23)", () => {
  const rows = (...parts: string[]) => readTsv(trainers.path("maps", "training/split-0", ...parts));
  const train = async (numEpochs: number, callback: Callback) => {
    const optimization = { numEpochs, evaluationInterval: 2 };
    const trainer = trainers.make("maps", { metrics, optimization, callbacks: [callback] });
    await trainer.train(toySplit(), { computational });
    return trainer;
  };

  it("leaves tables of the others, with a header only, which validate fills", async () => {
    const trainer = await train(3, new ModelCheckpointCallback({ metric: "loss", epochs: [1, 2] }));
    expect(trainer.maps.training.split(0).models.list).toEqual(["best-loss", "epoch-1", "epoch-2", "final"]);
    expect(rows("validation_metrics/aggregated.tsv").map((row) => row.epoch)).toEqual([2]);
    const counts = (file: string) =>
      ["best_models/best-loss", "checkpoints/epoch-1", "checkpoints/epoch-2", "final"].map(
        (model) => rows("models", model, "validation_metrics", file).length,
      );
    expect(counts("aggregated.tsv")).toEqual([1, 0, 1, 0]);
    expect(counts("details.tsv")).toEqual([4, 0, 4, 0]);
    expect(trainers.text("maps", "training/split-0/models/final/validation_metrics/aggregated.tsv")).toBe(
      "epoch\tloss\tmae\n",
    );
    await trainer.validate({ splitIdx: 0, metrics: ["loss", "mae"], dataloader: toySplit().valLoader });
    expect(counts("aggregated.tsv")).toEqual([1, 1, 1, 1]);
    expect(counts("details.tsv")).toEqual([4, 4, 4, 4]);
    for (const model of ["checkpoints/epoch-1", "final"]) {
      const [row = {}] = rows("models", model, "validation_metrics/aggregated.tsv");
      expect(Number(row.loss)).toBeGreaterThan(0);
    }
  });

  it("may be none at all: the training ends as it should, and early stopping has nothing to say", async () => {
    const trainer = await train(1, new EarlyStoppingCallback({ metric: "loss", patience: 0 }));
    expect(trainer.maps.training.split(0).models.list).toEqual(["final"]);
    expect(rows("validation_metrics/aggregated.tsv")).toEqual([]);
    expect(trainers.text("maps", "training/split-0/summary.log")).toMatch("completed after 1 epochs");
  });

  it("counts evaluations, not epochs, for early stopping", async () => {
    const trainer = await train(20, early("loss", 1));
    expect(trainer.state.currentEpoch).toBe(6);
  });
});
