import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  Callback,
  EarlyStoppingCallback,
  type EventArgs,
  LRSchedulerCallback,
  ModelCheckpointCallback,
  MonitorCallback,
  TrainingCheckpointCallback,
} from "../callbacks/index.ts";
import { LossMetricConfig, MAEMetricConfig, MSEMetricConfig } from "../metrics/index.ts";
import { SupervisedModel } from "../models/index.ts";
import { AdamConfig, OneCycleLRConfig, StepLRConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import { CannotReadJsonError } from "../utils/exceptions.ts";
import { toyModel, toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();
const optimization = { numEpochs: 3 };
const metrics = () => ({ loss: new LossMetricConfig(), mae: new MAEMetricConfig() });

/** Once, in an epoch. */
class Fails extends Callback {
  #epoch: number;
  constructor(epoch: number) {
    super();
    this.#epoch = epoch;
  }
  override onEpochStart({ state }: EventArgs<"onEpochStart">): void {
    if (state.currentEpoch !== this.#epoch) return;
    this.#epoch = 0;
    throw new Error("failed");
  }
}
const all = () => [
  new MonitorCallback({ numMeasurements: 3 }),
  new TrainingCheckpointCallback({ everyNEpochs: 1, everyNSteps: 7, keep: 3 }),
  new ModelCheckpointCallback({ metric: "mae", epochs: [1], everyNEpochs: 2 }),
  // stops in the fourth epoch
  new EarlyStoppingCallback({ metric: ["loss", "mae"], patience: [2, 1], minDelta: 100, lowerBound: -1 }),
  new LRSchedulerCallback({ scheduler: new OneCycleLRConfig({ maxLr: 0.1, totalSteps: 18 }) }),
];

describe("fromMaps", () => {
  it("makes the same Trainer, and writes nothing", async () => {
    const before = trainers.make("maps", { metrics: metrics(), optimization, callbacks: all() });
    const files = [
      "model.json",
      "metrics.json",
      "callbacks.json",
      "training/optimization.json",
      ".clinicadl-ts/callbacks.json",
    ];
    const texts = files.map((file) => trainers.text("maps", file));
    const after = await trainers.fromMaps("maps");
    expect(after.model.toDict()).toEqual(before.model.toDict());
    expect(after.metrics.toDict()).toEqual(before.metrics.toDict());
    expect(after.callbacks.toDict()).toEqual(before.callbacks.toDict());
    expect(after.callbacks.extrasToDict()).toEqual(before.callbacks.extrasToDict());
    expect(after.optimization.toDict()).toEqual(before.optimization.toDict());
    expect(after.maps.path).toBe(before.maps.path);
    expect(files.map((file) => trainers.text("maps", file))).toEqual(texts);
  });

  it("resumes what was interrupted, with early stopping (D7), in a new process", async () => {
    const options = () => ({ metrics: metrics(), optimization: { numEpochs: 6 }, callbacks: all() });
    const whole = trainers.make("whole", options());
    await whole.train(toySplit(), { computational });
    expect(whole.state.currentEpoch).toBe(4);
    const trainer = trainers.make("maps", options());
    trainer.callbacks.addCallbacks([new Fails(4)]);
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("failed");
    const restored = await trainers.fromMaps("maps");
    await restored.resume({ splitIdx: 0, split: toySplit() });
    expect(restored.state.currentEpoch).toBe(4);
    const more = ["logs/learning_rates/optimizer.tsv", "models/best_models/best-mae/model.pt"];
    expect(trainers.differences("maps", "whole", { more })).toEqual([]);
  });

  it("takes what is passed, an empty list of callbacks too (D37)", async () => {
    trainers.make("maps", { metrics: metrics(), optimization, callbacks: all() });
    const model = toyModel();
    const restored = await trainers.fromMaps("maps", {
      model,
      metrics: { mse: new MSEMetricConfig() },
      callbacks: [],
    });
    expect(restored.model).toBe(model);
    expect(restored.metrics.metricNames).toEqual(["mse"]);
    expect(restored.callbacks.toDict().callbacks).toEqual([]);
    await expect(trainers.fromMaps("maps", { modle: model } as never)).rejects.toThrow(/unknown option 'modle'/);
    await expect(trainers.fromMaps("none")).rejects.toThrow(/none does not exist/);
  });

  it("does not take a class of one's own for its parent, and says what to pass (D37)", async () => {
    class Mine extends SupervisedModel {}
    const parts = () => ({
      network: new torch.nn.Sequential(new torch.nn.Flatten(), new torch.nn.Linear(512, 1)),
      loss: new torch.nn.BCEWithLogitsLoss(),
      optimizer: new AdamConfig(),
    });
    trainers.make("mine", { model: new Mine(parts()) });
    trainers.make("network", { model: new SupervisedModel(parts()) });
    for (const name of ["mine", "network"]) {
      await expect(trainers.fromMaps(name)).rejects.toThrow(CannotReadJsonError);
      await expect(trainers.fromMaps(name)).rejects.toThrow(
        /model cannot be restored from .*model\.json.*fromMaps\(path, \{ model \}\)/s,
      );
    }
    const restored = await trainers.fromMaps("mine", { model: new Mine(parts()) });
    expect(restored.model).toBeInstanceOf(Mine);
  });

  it.each([
    ["model.json", "model"],
    ["metrics.json", "metrics"],
    ["callbacks.json", "callbacks"],
  ])("says of a damaged %s that it is damaged (D13)", async (file, part) => {
    trainers.make("maps");
    const path = trainers.path("maps", file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.slice(0, text.length / 2));
    await expect(trainers.fromMaps("maps")).rejects.toThrow(CannotReadJsonError);
    await expect(trainers.fromMaps("maps")).rejects.toThrow(
      new RegExp(`The ${part} cannot be restored from .*${file}.*JSON.*\\{ ${part} \\}`, "s"),
    );
  });

  it("says of a damaged optimization.json that it is damaged, too", async () => {
    trainers.make("maps");
    writeFileSync(trainers.path("maps", "training/optimization.json"), '{ "num_epochs"');
    await expect(trainers.fromMaps("maps")).rejects.toThrow(/optimization\.json.*JSON/s);
  });
});

describe("resume", () => {
  it("leaves the Trainer's metrics as they are (D51)", async () => {
    const trainer = trainers.make("maps", { metrics: metrics(), optimization, callbacks: [new Fails(2)] });
    await expect(trainer.train(toySplit(), { computational, metrics: ["loss"] })).rejects.toThrow("failed");
    trainer.addMetrics({ mse: new MSEMetricConfig() });
    await trainer.resume({ splitIdx: 0, split: toySplit() });
    expect(trainer.metrics.metricNames).toEqual(["loss", "mae", "mse"]);
    const header = (split: number) =>
      trainers.text("maps", `training/split-${split}/validation_metrics/aggregated.tsv`).split("\n")[0];
    // one table has the same metrics in every row
    expect(header(0)).toBe("epoch\tloss");
    await trainer.train(toySplit({ index: 1 }), { computational });
    expect(header(1)).toBe("epoch\tloss\tmae\tmse");
  });

  it("begins a callback anew that the checkpoint does not have, with a warning, and goes without one (D53)", async () => {
    const scheduler = () => new LRSchedulerCallback({ scheduler: new StepLRConfig({ stepSize: 1, gamma: 0.5 }) });
    const checkpoints = () => new TrainingCheckpointCallback({ everyNEpochs: 1 });
    const trainer = trainers.make("more", { optimization, callbacks: [checkpoints(), new Fails(2)] });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("failed");
    const more = await trainers.fromMaps("more", { callbacks: [checkpoints(), scheduler()] });
    await more.resume({ splitIdx: 0, split: toySplit() });
    expect(trainers.text("more", "training/split-0/warning.log")).toMatch(
      /no state of LRSchedulerCallback: it begins anew/,
    );
    const rates = trainers
      .text("more", "training/split-0/logs/learning_rates/optimizer.tsv")
      .trim()
      .split("\n")
      .map((row) => row.split("\t")[2]);
    expect(rates.slice(-3)).toEqual(["0.005", "0.005", "0.005"]);

    const less = trainers.make("less", { optimization, callbacks: [checkpoints(), scheduler(), new Fails(2)] });
    await expect(less.train(toySplit(), { computational })).rejects.toThrow("failed");
    const without = await trainers.fromMaps("less", { callbacks: [checkpoints()] });
    await without.resume({ splitIdx: 0, split: toySplit() });
    expect(without.state.currentEpoch).toBe(3);
  });

  it("with another schedule, moves the rate from where it is", async () => {
    const checkpoints = () => new TrainingCheckpointCallback({ everyNEpochs: 1 });
    const trainer = trainers.make("maps", { optimization, callbacks: [checkpoints(), new Fails(2)] });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("failed");
    const cycle = new LRSchedulerCallback({ scheduler: new OneCycleLRConfig({ maxLr: 0.1, totalSteps: 6 }) });
    const more = await trainers.fromMaps("maps", { callbacks: [checkpoints(), cycle] });
    await more.resume({ splitIdx: 0, split: toySplit() });
    const rates = trainers
      .text("maps", "training/split-0/logs/learning_rates/optimizer.tsv")
      .trim()
      .split("\n")
      .slice(1);
    expect(rates.map((row) => Number(row.split("\t")[2])).every((rate) => rate > 0 && rate <= 0.1)).toBe(true);
  });

  it("refuses other data, another index, and splits that are not there", async () => {
    const trainer = trainers.make("maps", { optimization, callbacks: [new Fails(2)] });
    await expect(trainer.resume({ splitIdx: 0 })).rejects.toThrow(/no training on split 0 .*Its splits are: none/);
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("failed");
    await expect(trainer.resume({ splitIdx: 0, split: toySplit({ index: 1 }) })).rejects.toThrow(
      /'splitIdx' is 0, but the split passed has the index 1/,
    );
    const other = toySplit();
    (other.trainDataset.df as { participant_id: string }[])[0]!.participant_id = "sub-99";
    await expect(trainer.resume({ splitIdx: 0, split: other })).rejects.toThrow(
      /training data are not those of .*sub-0 ses-M000; sub-99/,
    );
    await expect(trainer.resume({ splitIdx: 0, epochs: 3 } as never)).rejects.toThrow(/unknown option 'epochs'/);
    // a data set of one's own cannot be read from the MAPS
    await expect(trainer.resume({ splitIdx: 0 })).rejects.toThrow(CannotReadJsonError);
    await expect(trainer.resume({ splitIdx: 0 })).rejects.toThrow(
      /dataset.*Pass the split: resume\(\{ splitIdx: 0, split \}\)/s,
    );
  });

  it("says why there is nothing to resume", async () => {
    const disabled = new TrainingCheckpointCallback({ enabled: false });
    const trainer = trainers.make("maps", { optimization, callbacks: [disabled, new Fails(2)] });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("failed");
    await expect(trainer.resume({ splitIdx: 0, split: toySplit() })).rejects.toThrow(
      /no checkpoint .*TrainingCheckpointCallback that is enabled/,
    );
    // it came to nothing
    await trainer.train(toySplit(), { computational });
    await expect(trainer.resume({ splitIdx: 0, split: toySplit(), numEpochs: 4 })).rejects.toThrow(
      /complete, and no checkpoint was kept/,
    );
  });
});

describe("addMetrics and addCallbacks", () => {
  it("are recorded, and refuse what is there already", async () => {
    const trainer = trainers.make("maps", { metrics: metrics() });
    trainer.addMetrics({ mse: new MSEMetricConfig() });
    trainer.addCallbacks([new EarlyStoppingCallback({ metric: "mse" })]);
    expect(() => trainer.addMetrics({ mae: new MAEMetricConfig() })).toThrow(/metric 'mae' already/);
    expect(() => trainer.addCallbacks([new MonitorCallback(), new MonitorCallback()])).toThrow(
      /more than one MonitorCallback/,
    );
    const restored = await trainers.fromMaps("maps");
    expect(restored.metrics.metricNames).toEqual(["loss", "mae", "mse"]);
    expect(restored.callbacks.toDict()).toEqual(trainer.callbacks.toDict());
    // the mode is known: ClinicaDL could not resume without (D7)
    expect(JSON.stringify(restored.callbacks.toDict())).toContain('"mode":"min"');
  });
});
