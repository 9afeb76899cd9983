import { describe, expect, it } from "vitest";
import {
  Callback,
  type EventArgs,
  LRSchedulerCallback,
  ModelCheckpointCallback,
  TrainingCheckpointCallback,
} from "../callbacks/index.ts";
import type { Batch } from "../data/dataloader/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { type Losses, Model, type Scaler } from "../models/index.ts";
import { MLP } from "../networks/index.ts";
import { AdamConfig, type Optimizer, SGDConfig, StepLRConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import { CannotReadJsonError } from "../utils/exceptions.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();
const SIZE = 512;

/**
 * Two networks that learn against each other; the discriminator rests at every second step. What a model remembers of its
 * training belongs in a buffer, which checkpoints hold.
 */
class GAN extends Model {
  readonly generator = new MLP({ numInputs: 4, numOutputs: SIZE, hiddenDims: [8], norm: null });
  readonly discriminator = new MLP({ numInputs: SIZE, numOutputs: 1, hiddenDims: [8], norm: null });
  readonly bce = new torch.nn.BCEWithLogitsLoss();
  declare readonly steps: torch.Tensor;

  constructor() {
    super();
    this.registerBuffer("steps", torch.zeros([], { dtype: "int64" }));
  }
  #score(images: torch.Tensor, isReal: number): torch.Tensor {
    const score = this.discriminator.call(images) as torch.Tensor;
    return this.bce.call(score, torch.fullLike(score, isReal));
  }
  override forwardStep(batch: Batch): Losses {
    const images = batch.getField("image", { dtype: "float32" }).flatten(1);
    const noise = torch.randn([images.shape[0] ?? 0, 4]);
    const made = this.generator.call(noise) as torch.Tensor;
    this.discriminator.requiresGrad_(false);
    const generator = this.#score(made, 1);
    this.discriminator.requiresGrad_(true);
    return { generator, discriminator: this.#score(images, 1).add(this.#score(made.detach(), 0)) };
  }
  override backwardStep(losses: Record<string, torch.Tensor>, gradScaler: Scaler): void {
    for (const loss of Object.values(losses)) gradScaler.scale(loss).backward();
  }
  override optimizationStep(optimizers: Record<string, Optimizer>, gradScaler: Scaler): void {
    for (const [name, optimizer] of Object.entries(optimizers)) {
      if (name === "generator" || this.steps.item() % 2 === 0) gradScaler.step(optimizer);
    }
    this.steps.add_(1);
  }
  override evaluationStep(batch: Batch): Batch {
    const images = batch.getField("image", { dtype: "float32" }).flatten(1);
    batch.addField("output", (this.discriminator.call(images) as torch.Tensor).sigmoid());
    return batch;
  }
  override buildOptimizers() {
    return {
      generator: new AdamConfig({ lr: 1e-3, betas: [0.5, 0.999] }).getObject(this.generator),
      discriminator: new SGDConfig({ lr: 0.01, momentum: 0.9 }).getObject(this.discriminator),
    };
  }
  override getLossFunctions() {
    return { generator: this.bce, discriminator: this.bce };
  }
}

/** Once, in the second batch of an epoch, which is in the middle of it. */
class Fails extends Callback {
  #epoch: number;
  constructor(epoch: number) {
    super();
    this.#epoch = epoch;
  }
  override onBatchEnd({ state }: EventArgs<"onBatchEnd">): void {
    if (state.currentEpoch !== this.#epoch || state.currentTrainBatch !== 2 || state.stage !== "training") return;
    this.#epoch = 0;
    throw new Error("failed");
  }
}

const callbacks = (...more: Callback[]) => [
  new TrainingCheckpointCallback({ everyNSteps: 1 }),
  new ModelCheckpointCallback({ metric: "mae" }),
  new LRSchedulerCallback({
    scheduler: new StepLRConfig({ stepSize: 1, gamma: 0.5 }),
    optimizerName: "discriminator",
  }),
  ...more,
];
const options = (...more: Callback[]) => ({
  model: new GAN(),
  metrics: { mae: new MAEMetricConfig() },
  optimization: { numEpochs: 3 },
  callbacks: callbacks(...more),
});

describe("a GAN, with two optimizers and two losses", () => {
  it("trains: each loss has a column, and both networks and optimizers are saved", async () => {
    await trainers.make("gan", options()).train(toySplit(), { computational });
    const losses = readTsv(trainers.path("gan", "training/split-0/logs/training_loss.tsv"));
    expect(losses).toHaveLength(9);
    expect(Object.keys(losses[0] ?? {})).toEqual(["epoch", "batch", "generator", "discriminator"]);
    for (const row of losses) expect(Number(row.generator) * Number(row.discriminator)).toBeGreaterThan(0);
    using _scope = torch.scope();
    const states = torch.load(trainers.path("gan", "training/split-0/tmp/epoch-3/optimizer.pt")) as object;
    expect(Object.keys(states)).toEqual(["generator", "discriminator"]);
    const weights = torch.load(trainers.path("gan", "training/split-0/models/final/model.pt")) as Map<string, unknown>;
    expect(new Set([...weights.keys()].map((key) => key.split(".")[0]))).toEqual(
      new Set(["generator", "discriminator", "steps"]),
    );
    // the rates of one of the optimizers
    const rates = readTsv(trainers.path("gan", "training/split-0/logs/learning_rates/discriminator.tsv"));
    expect([...new Set(rates.map((row) => row.lr))]).toEqual([0.01, 0.005, 0.0025]);
  });

  it("is recorded as text, comes back with fromMaps(…, { model }), and resumes bit-identical", async () => {
    await trainers.make("whole", options()).train(toySplit(), { computational });
    const trainer = trainers.make("maps", options(new Fails(2)));
    expect(JSON.parse(trainers.text("maps", "model.json"))).toBe(trainer.model.toString());
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("failed");

    await expect(trainers.fromMaps("maps")).rejects.toThrow(CannotReadJsonError);
    const restored = await trainers.fromMaps("maps", { model: new GAN(), callbacks: callbacks() });
    await restored.resume({ splitIdx: 0, split: toySplit() });
    const more = [
      "models/best_models/best-mae/model.pt",
      "logs/learning_rates/discriminator.tsv",
      "tmp/epoch-3/optimizer.pt",
    ];
    expect(trainers.differences("maps", "whole", { more })).toEqual([]);
  });

  it("refuses a model without one of the optimizers that were saved for", async () => {
    const trainer = trainers.make("maps", options(new Fails(2)));
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("failed");
    class Renamed extends GAN {
      override buildOptimizers() {
        const { generator, discriminator } = super.buildOptimizers();
        return { generator, discriminator, critic: discriminator };
      }
    }
    const restored = await trainers.fromMaps("maps", { model: new Renamed(), callbacks: callbacks() });
    await expect(restored.resume({ splitIdx: 0, split: toySplit() })).rejects.toThrow(
      /does not hold the optimizer 'critic'/,
    );
  });

  it("has a metric per loss, if it is asked for", () => {
    const loss = { scored: new LossMetricConfig({ lossName: "discriminator" }) };
    expect(trainers.make("maps", { model: new GAN(), metrics: loss }).metrics.metricNames).toEqual(["scored"]);
    // the default metric is that of the loss named "loss"
    using model = new GAN();
    expect(() => trainers.make("other", { model })).toThrow(/'loss'.*generator, discriminator/);
  });
});

/** One network, and all of the training in its own hands. */
class Own extends Model {
  readonly network = new torch.nn.Sequential(new torch.nn.Flatten(), new torch.nn.Linear(SIZE, 1));
  readonly l1 = new torch.nn.L1Loss();
  readonly calls: string[] = [];
  losses: (loss: torch.Tensor) => Losses = (loss) => loss;
  override forwardStep(batch: Batch): Losses {
    this.calls.push("forward");
    const scores = this.network.call(batch.getField("image", { dtype: "float32" })) as torch.Tensor;
    return this.losses(this.l1.call(scores, batch.getField("label", { dtype: "float32", ensureChannelDim: true })));
  }
  override backwardStep(loss: Losses): void {
    this.calls.push("backward");
    (loss as torch.Tensor).backward();
  }
  override optimizationStep({ main }: Record<string, Optimizer>): void {
    this.calls.push("optimization");
    main?.step();
  }
  override evaluationStep(batch: Batch): Batch {
    this.calls.push("evaluation");
    batch.addField("output", this.network.call(batch.getField("image", { dtype: "float32" })) as torch.Tensor);
    return batch;
  }
  override buildOptimizers() {
    this.calls.push("optimizers");
    return { main: new SGDConfig({ lr: 0.1 }).getObject(this.network) };
  }
  override getLossFunctions(): Record<string, torch.nn.L1Loss> {
    return { distance: this.l1 };
  }
  override getSummary(): string {
    this.calls.push("summary");
    return "one layer";
  }
}

describe("a model of one's own", () => {
  const make = (model: Own) =>
    trainers.make("own", {
      model,
      metrics: { distance: new LossMetricConfig({ lossName: "distance" }) },
      optimization: { numEpochs: 1, accumulationSteps: 2 },
    });

  it("is called in this order", async () => {
    const model = new Own();
    // 10 samples in batches of 4: windows of 2 and of 1
    await make(model).train(toySplit(), { computational });
    const batch = ["forward", "backward"];
    const [, ...rest] = ["", "optimizers", "summary", ...batch, ...batch, "optimization", ...batch, "optimization"];
    expect(model.calls).toEqual([...rest, "evaluation", "evaluation"]);
    expect(trainers.text("own", "nn_summary.txt")).toBe("one layer");
    expect(trainers.text("own", "architecture.log")).toBe(model.toString());
    expect(readTsv(trainers.path("own", "training/split-0/validation_metrics/aggregated.tsv"))).toHaveLength(1);
  });

  it.each<[string, (loss: torch.Tensor) => Losses, RegExp]>([
    ["of another name", (loss) => ({ l2: loss }), /gives the losses 'l2', but getLossFunctions gives 'distance'/],
    ["of several names", (loss) => ({ distance: loss, l2: loss.mul(2) }), /'distance', 'l2', but/],
    ["that is no tensor", (loss) => ({ distance: loss.item() }) as never, /'distance' is [\d.]+, not a Tensor/],
    ["of several elements", (loss) => loss.mul(torch.ones([3])), /shape \[3\]; one element is needed/],
    ["without a gradient", (loss) => loss.detach(), /does not require grad/],
  ])("that gives a loss %s fails at once, and gives its memory back", async (_, losses, message) => {
    const model = new Own();
    model.losses = losses;
    await expect(make(model).train(toySplit(), { computational })).rejects.toThrow(message);
  });

  it.each<[string, object, RegExp]>([
    ["without losses", {}, /getLossFunctions gives \{\}. Expected an object with at least one loss/],
    ["with a loss named as a column", { epoch: new torch.nn.L1Loss() }, /a loss 'epoch', which is a column/],
  ])("%s is refused before anything is written", async (_, losses, message) => {
    class Wrong extends Own {
      override getLossFunctions(): never {
        return losses as never;
      }
    }
    const trainer = trainers.make("own", { model: new Wrong(), metrics: {} });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow(message);
    expect(trainer.maps.training.splitsList).toEqual([]);
  });
});
