// What one training leaves must not reach the next, nor the Trainer.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Callback, LRSchedulerCallback, TrainingCheckpointCallback } from "../callbacks/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import { ConfusionMatrixMetricConfig, LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { type Model, SupervisedModel } from "../models/index.ts";
import { ExponentialLRConfig, ReduceLROnPlateauConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import { AsDiscreteConfig } from "../transforms/index.ts";
import { toyModel, toySplit } from "./fixtures/toy.ts";
import type { TrainerOptions } from "./options.ts";
import { Trainer } from "./trainer.ts";

const computational = { gpu: false, seed: 42, deterministic: true };
const made: Trainer[] = [];
let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "splits-"));
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const trainer of made.splice(0)) trainer.dispose();
  rmSync(dir, { recursive: true, force: true });
});

function make(name: string, options: Partial<TrainerOptions> = {}): Trainer {
  const trainer = new Trainer({ maps: join(dir, name), model: toyModel(), optimization: { numEpochs: 1 }, ...options });
  made.push(trainer);
  return trainer;
}
function saved(name: string, split: number): Map<string, number[]> {
  using _scope = torch.scope();
  const path = join(dir, name, `training/split-${split}/models/final/model.pt`);
  const state = torch.load(path) as Map<string, torch.Tensor>;
  return new Map([...state].map(([key, tensor]) => [key, tensor.flatten().toArray() as number[]]));
}
const rates = (name: string, split: number) =>
  readTsv(join(dir, name, `training/split-${split}/logs/learning_rates/optimizer.tsv`)).map((row) => row.lr);

/** A network whose layers keep statistics, with an optimizer that was passed and remembers its gradients. */
function withOptimizer(): Model {
  torch.manualSeed(1);
  const network = new torch.nn.Sequential(
    new torch.nn.BatchNorm3d(1, { affine: false }),
    new torch.nn.Flatten(),
    new torch.nn.Linear(512, 1),
  );
  return new SupervisedModel({
    network,
    loss: { name_: "BCEWithLogitsLoss" },
    optimizer: new torch.optim.SGD(network.parameters(), { lr: 0.1, momentum: 0.9 }),
  });
}

it("a split is trained as if it were the only one (D21), with an optimizer that was passed too", async () => {
  for (const [kind, model] of Object.entries({ config: toyModel, passed: withOptimizer })) {
    const callbacks = () => [new LRSchedulerCallback({ scheduler: new ExponentialLRConfig({ gamma: 0.1 }) })];
    const optimization = { numEpochs: 2 };
    const both = make(`${kind}-both`, { model: model(), callbacks: callbacks(), optimization });
    await both.train(toySplit(), { computational });
    await both.train(toySplit({ index: 1 }), { computational });
    const alone = make(`${kind}-alone`, { model: model(), callbacks: callbacks(), optimization });
    await alone.train(toySplit({ index: 1 }), { computational });
    expect(saved(`${kind}-both`, 1)).toEqual(saved(`${kind}-alone`, 1));
    expect(rates(`${kind}-both`, 1)).toEqual(rates(`${kind}-both`, 0));
  }
});

it("weights that came with the model are drawn anew, unless resetModel is false (D72)", async () => {
  class FirstWeights extends Callback {
    readonly means: number[] = [];
    override onTrainStart({ model }: { readonly model: Model }): void {
      using _scope = torch.scope();
      const [weight] = model.parameters();
      if (weight !== undefined) this.means.push(weight.detach().mean().item());
    }
  }
  const filled = () => {
    const model = toyModel();
    const [weight] = model.parameters();
    torch.noGrad(() => weight?.fill_(5));
    return model;
  };
  const reset = new FirstWeights();
  await make("reset", { model: filled(), callbacks: [reset] }).train(toySplit(), { computational });
  expect(Math.abs(reset.means[0] ?? 5)).toBeLessThan(1);
  const kept = new FirstWeights();
  const trainer = make("kept", {
    model: filled(),
    callbacks: [kept],
    optimization: { numEpochs: 1, resetModel: false },
  });
  await trainer.train(toySplit(), { computational });
  await trainer.train(toySplit({ index: 1 }), { computational });
  expect(kept.means).toEqual([5, 5]);
});

it("a resumed training with fewer metrics leaves the Trainer's as they are (D51)", async () => {
  class Stops extends Callback {
    #done = false;
    override onEpochStart({ state }: { readonly state: { readonly currentEpoch: number } }): void {
      if (this.#done || state.currentEpoch < 2) return;
      this.#done = true;
      throw new Error("interrupted");
    }
  }
  const trainer = make("metrics", {
    metrics: { loss: new LossMetricConfig(), mae: new MAEMetricConfig() },
    callbacks: [new Stops(), new TrainingCheckpointCallback({ everyNEpochs: 1 })],
    optimization: { numEpochs: 2 },
  });
  await expect(trainer.train(toySplit(), { computational, metrics: ["loss"] })).rejects.toThrow("interrupted");
  await trainer.resume({ splitIdx: 0, split: toySplit() });
  expect(trainer.metrics.metricNames).toEqual(["loss", "mae"]);
  await trainer.train(toySplit({ index: 1 }), { computational });
  const table = (split: number) =>
    readTsv(join(dir, `metrics/training/split-${split}/validation_metrics/aggregated.tsv`)).map(Object.keys);
  expect(table(1)).toEqual([
    ["epoch", "loss", "mae"],
    ["epoch", "loss", "mae"],
  ]);
});

it("the order of metrics changes none of them (D17)", async () => {
  const discrete = [new AsDiscreteConfig({ threshold: 0, include: ["output"] })];
  const metrics = {
    loss: new LossMetricConfig(),
    acc: new ConfusionMatrixMetricConfig({ metricName: "accuracy", postprocessing: discrete }),
  };
  await make("one", { metrics }).train(toySplit(), { computational });
  await make("other", { metrics: { acc: metrics.acc, loss: metrics.loss } }).train(toySplit(), { computational });
  const row = (name: string) => readTsv(join(dir, name, "training/split-0/validation_metrics/aggregated.tsv"))[0];
  expect(row("other")).toEqual(row("one"));
});

it("a scheduler that waits for the wrong sense of its metric is warned of", async () => {
  const warnings = async (name: string, mode: "min" | "max") => {
    const scheduler = new ReduceLROnPlateauConfig({ mode });
    const callbacks = [new LRSchedulerCallback({ scheduler, metricName: "loss" })];
    await make(name, { callbacks }).train(toySplit(), { computational });
    return readFileSync(join(dir, name, "training/split-0/warning.log"), "utf8");
  };
  expect(await warnings("wrong", "max")).toMatch(/mode is 'max', but the optimum of the metric 'loss' is 'min'/);
  expect(await warnings("right", "min")).not.toMatch(/mode/);
});

it("a scheduler itself is refused, with what to pass instead (D-LR)", () => {
  using weight = torch.zeros([1]).requiresGrad_();
  using optimizer = new torch.optim.SGD([weight], { lr: 0.1 });
  const scheduler = new torch.optim.lrScheduler.StepLR(optimizer, { stepSize: 1 });
  expect(() => new LRSchedulerCallback({ scheduler: scheduler as never })).toThrow(
    /'scheduler' got \[StepLR\].*Expected the config of one of.*StepLR/,
  );
});

it("a subclass is restored as itself, or not at all (D37)", async () => {
  class Mine extends SupervisedModel {}
  const model = new Mine({
    network: { name_: "CNN", inShape: [1, 8, 8, 8], numOutputs: 1, convArgs: { channels: [2] } },
    loss: { name_: "BCEWithLogitsLoss" },
    optimizer: { name_: "Adam" },
  });
  make("mine", { model });
  await expect(Trainer.fromMaps(join(dir, "mine"))).rejects.toThrow(/'Mine'.*Trainer\.fromMaps\(path, \{ model \}\)/s);
  const read = Mine.fromDict(JSON.parse(readFileSync(join(dir, "mine/model.json"), "utf8")));
  const restored = await Trainer.fromMaps(join(dir, "mine"), { model: read });
  expect(restored.model).toBeInstanceOf(Mine);
  restored.dispose();
});
