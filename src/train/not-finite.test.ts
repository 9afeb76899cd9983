import { describe, expect, it } from "vitest";
import { Callback, EarlyStoppingCallback, type EventArgs, ModelCheckpointCallback } from "../callbacks/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { SupervisedModel } from "../models/index.ts";
import { SGDConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import { type ToyDataset, toySplit } from "./fixtures/toy.ts";
import { computational, Trainers, weights } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();
const plain = { shuffle: false, batchSize: 5 };

/** The weights after each batch. */
class Weights extends Callback {
  readonly after: number[][] = [];
  override onBatchEnd({ model, state }: EventArgs<"onBatchEnd">): void {
    if (state.stage !== "training") return;
    this.after.push([...model.parameters()].flatMap((p) => [...(p.toTypedArray() as Float32Array)]));
  }
}

/** `loss` on what a linear network gives. */
function linear(loss: (scores: torch.Tensor, labels: torch.Tensor) => torch.Tensor): SupervisedModel {
  return new SupervisedModel({
    network: new torch.nn.Sequential(new torch.nn.Flatten(), new torch.nn.Linear(512, 1)),
    loss,
    optimizer: new SGDConfig({ lr: 0.1 }),
  });
}
const nan = Object.assign((scores: torch.Tensor) => scores.mean().mul(Number.NaN), { reduction: "mean" });
const metrics = { mae: new MAEMetricConfig() };
const warnings = (name: string) => trainers.text(name, "training/split-0/warning.log");

describe("a loss that is not finite (D12)", () => {
  it("is told at once, with epoch, batch and participants, and moves nothing", async () => {
    const after = new Weights();
    const model = linear((scores, labels) => scores.sub(labels).square().mean());
    const trainer = trainers.make("nan", { model, metrics, optimization: { numEpochs: 2 }, callbacks: [after] });
    // sub-7 is in the second of two batches
    await trainer.train(toySplit({ ...plain, broken: 7 }), { computational });
    expect(after.after[1]).toEqual(after.after[0]);
    expect(after.after[2]).not.toEqual(after.after[1]);
    expect(after.after.flat().every(Number.isFinite)).toBe(true);
    expect(trainer.state.optimStep).toBe(2);
    const told = warnings("nan").trim().split("\n");
    expect(told).toHaveLength(2);
    for (const [i, line] of told.entries()) {
      expect(line).toMatch(`'loss' is NaN in epoch ${i + 1}, batch 2 (sub-5 ses-M000, sub-6 ses-M000, sub-7 ses-M000`);
    }
    // the tables say so, too
    expect(trainers.text("nan", "training/split-0/logs/training_loss.tsv").split("\n")[2]).toBe("1\t2\t");
    expect(trainers.text("nan", "training/split-0/logs/gradient_norm.tsv").trim().split("\n")).toHaveLength(3);
  });

  it("spoils its whole window, and no other", async () => {
    const after = new Weights();
    const model = linear((scores, labels) => scores.sub(labels).square().mean());
    const optimization = { numEpochs: 1, accumulationSteps: 2 };
    const trainer = trainers.make("window", { model, metrics, optimization, callbacks: [after] });
    // windows of (0 1, 2 3), (4 5, 6 7), (8 9)
    await trainer.train(toySplit({ shuffle: false, batchSize: 2, broken: 4 }), { computational });
    const [first, ...rest] = after.after.map((values) => values.join());
    expect(rest.map((values) => values === first)).toEqual([false, false, false, false]);
    expect(rest[2]).toBe(rest[0]);
    expect(trainer.state.optimStep).toBe(2);
    expect(warnings("window")).toMatch(/batch 3 \(sub-4 ses-M000, sub-5 ses-M000\)/);
  });

  it("leaves no trace in the statistics of BatchNorm, which evaluation is made with", async () => {
    class Buffers extends Callback {
      readonly after: number[][] = [];
      override onBatchEnd({ model, state }: EventArgs<"onBatchEnd">): void {
        if (state.stage !== "training") return;
        this.after.push([...model.buffers()].flatMap((buffer) => Array.from(buffer.toTypedArray(), Number)));
      }
    }
    const after = new Buffers();
    const trainer = trainers.make("statistics", { optimization: { numEpochs: 1 }, callbacks: [after] });
    await trainer.train(toySplit({ ...plain, broken: 7 }), { computational });
    const [first, second] = after.after;
    expect(first?.length).toBeGreaterThan(10);
    expect(first?.every(Number.isFinite)).toBe(true);
    expect(second).toEqual(first);
    expect(trainer.metrics.getMetricValue("loss", 1)).toBeGreaterThan(0);
    const file = trainers.path("statistics", "training/split-0/models/final/model.pt");
    expect([...weights(file).values()].flat().every(Number.isFinite)).toBe(true);
  });

  it("in all of the training leaves models that can be validated, and none that is best", async () => {
    const trainer = trainers.make("all", {
      model: linear(nan),
      metrics: { loss: new LossMetricConfig(), ...metrics },
      optimization: { numEpochs: 3 },
      callbacks: [new ModelCheckpointCallback({ metric: "loss", epochs: [1] })],
    });
    await trainer.train(toySplit(plain), { computational });
    expect(trainer.state.currentEpoch).toBe(3);
    expect(trainer.maps.training.split(0).models.list).toEqual(["epoch-1", "final"]);
    await trainer.validate({ splitIdx: 0, metrics: ["mae"], dataloader: toySplit().valLoader });
    const file = trainers.path("all", "training/split-0/models/final/model.pt");
    expect([...weights(file).values()].flat().every(Number.isFinite)).toBe(true);
  });

  it("in the validation ends training early, if early stopping is to check that", async () => {
    const trainer = trainers.make("early", {
      model: linear(nan),
      optimization: { numEpochs: 3 },
      callbacks: [new EarlyStoppingCallback({ metric: "loss" })],
    });
    await trainer.train(toySplit(plain), { computational });
    expect(trainer.state.currentEpoch).toBe(1);
    expect(warnings("early")).toMatch(/The metric 'loss' is NaN at epoch 1/);
  });
});

describe("a gradient that is not finite", () => {
  it("with a finite loss moves nothing, whatever is clipped", async () => {
    const after = new Weights();
    // √(s − s) is 0, and its slope infinite
    const model = linear((scores) => scores.sub(scores.detach()).abs().sqrt().mean().add(1));
    const optimization = { numEpochs: 2, clipGradNorm: 1, clipGradValue: 1 };
    const trainer = trainers.make("inf", { model, metrics, optimization, callbacks: [after] });
    await trainer.train(toySplit(plain), { computational });
    expect(new Set(after.after.map(String)).size).toBe(1);
    expect(after.after.flat().every(Number.isFinite)).toBe(true);
    expect(trainer.state.optimStep).toBe(0);
    expect(warnings("inf").trim().split("\n")).toHaveLength(4);
    expect(warnings("inf")).toMatch(
      /The norm of the gradient is \S+ in epoch 1, batch 1 \(sub-0 ses-M000, .*The weights are not moved/,
    );
    expect(trainers.text("inf", "training/split-0/logs/training_loss.tsv")).toMatch(/^1\t1\t1\.0$/m);
  });
});

describe("an image that cannot be loaded", () => {
  it("loses nothing that came before, however late it is (D12)", async () => {
    await trainers.make("whole", { optimization: { numEpochs: 3 } }).train(toySplit(), { computational });
    const trainer = trainers.make("broken", { optimization: { numEpochs: 3 } });
    const split = toySplit();
    const images = split.trainDataset as ToyDataset;
    const get = images.get.bind(images);
    images.get = (index) => (images.epoch === 3 ? Promise.reject(new Error("sub-1.nii.gz is damaged")) : get(index));
    await expect(trainer.train(split, { computational })).rejects.toThrow("sub-1.nii.gz is damaged");
    // the default interval of checkpoints is longer: the training goes on from its beginning
    await trainer.resume({ splitIdx: 0, split: toySplit() });
    expect(trainers.differences("broken", "whole")).toEqual([]);
  });
});
