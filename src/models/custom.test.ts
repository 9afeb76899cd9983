import { describe, expect, it } from "vitest";
import { type Batch, type BatchType, partsOf } from "../data/dataloader/index.ts";
import { TestBatch } from "../metrics/fixtures/test-batch.ts";
import { LossMetricConfig, MetricsHandler } from "../metrics/index.ts";
import { MLP } from "../networks/index.ts";
import { AdamConfig, type Optimizer } from "../optim/index.ts";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { type Losses, Model, namedLosses, type Scaler, SupervisedModel } from "./index.ts";

/** The example of `Model`. */
class GAN extends Model {
  generator = new MLP({ numInputs: 8, numOutputs: 16, hiddenDims: [32], norm: null });
  discriminator = new MLP({ numInputs: 16, numOutputs: 1, hiddenDims: [32], norm: null });
  loss = new torch.nn.BCEWithLogitsLoss();

  override forwardStep(batch: Batch) {
    const images = batch.getField("image", { dtype: "float32" }).flatten(1);
    const made = this.generator.call(torch.randnLike(images.narrow(1, 0, 8)));
    const scored = (x: Tensor, isReal: number) => {
      const score = this.discriminator.call(x);
      return this.loss.call(score, torch.fullLike(score, isReal));
    };
    this.discriminator.requiresGrad_(false); // it does not learn from the generator's loss
    const generator = scored(made, 1);
    this.discriminator.requiresGrad_(true);
    return { generator, discriminator: scored(images, 1).add(scored(made.detach(), 0)) };
  }
  override backwardStep(losses: Record<string, Tensor>, gradScaler: Scaler) {
    for (const loss of Object.values(losses)) gradScaler.scale(loss).backward();
  }
  override optimizationStep(optimizers: Record<string, Optimizer>, gradScaler: Scaler) {
    for (const optimizer of Object.values(optimizers)) gradScaler.step(optimizer);
  }
  override evaluationStep(batch: Batch) {
    const images = batch.getField("image", { dtype: "float32" }).flatten(1);
    batch.addField("output", this.discriminator.call(images).sigmoid());
    return batch;
  }
  override buildOptimizers() {
    const adam = new AdamConfig({ lr: 1e-3, betas: [0.5, 0.999] });
    return { generator: adam.getObject(this.generator), discriminator: adam.getObject(this.discriminator) };
  }
  override getLossFunctions() {
    return { generator: this.loss, discriminator: this.loss };
  }
}

/** One training step, as the Trainer makes it. */
function step(model: Model, batch: Batch, optimizers: Readonly<Record<string, Optimizer>>, scaler: Scaler) {
  using _scope = torch.scope();
  const losses = model.forwardStep(batch);
  const values = Object.entries(namedLosses(losses, model)).map(([name, loss]) => [name, loss.item()] as const);
  model.backwardStep(losses, scaler);
  model.optimizationStep(optimizers, scaler);
  for (const optimizer of Object.values(optimizers)) optimizer.zeroGrad();
  return Object.fromEntries(values);
}
function images(): TestBatch {
  using _scope = torch.scope();
  return new TestBatch({ image: torch.randn([8, 1, 4, 4]).mul(0.1).add(2).keep(), label: [0, 1, 0, 1, 0, 1, 0, 1] });
}
function made(generator: MLP): number {
  using _scope = torch.scope();
  return torch.noGrad(() =>
    generator
      .call(torch.randn([64, 8]))
      .mean()
      .item(),
  );
}
const weightsOf = (module: torch.nn.AnyModule) => {
  using _scope = torch.scope();
  return [...module.parameters()].map((p) => p.detach().sum().item());
};

describe("a model with two networks, two optimizers and two losses", () => {
  it("learns with both, and each loss moves its own network", () => {
    const live = torch.memory.live().tensors;
    {
      torch.manualSeed(0);
      using model: Model = new GAN();
      using batch = disposable(images());
      const optimizers = model.buildOptimizers();
      model.reset();
      expect(made((model as GAN).generator)).toBeLessThan(0.5);
      using scaler = new torch.amp.GradScaler("cpu");
      const losses = Array.from({ length: 150 }, () => {
        const values = step(model, batch, optimizers, scaler);
        scaler.update();
        return values;
      });
      expect(Object.keys(losses[0] ?? {})).toEqual(["generator", "discriminator"]);
      const { generator, discriminator } = model as GAN;
      // one learns what is real, the other what passes for it: images of 2
      const first = losses[0]?.discriminator ?? 0;
      expect(Math.min(...losses.map((values) => values.discriminator ?? first))).toBeLessThan(0.8 * first);
      expect(made(generator)).toBeGreaterThan(1);
      {
        using _scope = torch.scope();
        torch.noGrad(() => model.predictionStep(batch));
        expect([...batch.getField("output").shape]).toEqual([8, 1]);
      }
      const before = [weightsOf(generator), weightsOf(discriminator)];
      {
        using _scope = torch.scope();
        const { generator: loss } = model.forwardStep(batch) as Record<string, Tensor>;
        loss?.backward();
      }
      expect([...discriminator.parameters()].every((p) => p.grad === null)).toBe(true);
      optimizers.generator?.step();
      optimizers.discriminator?.step();
      expect(weightsOf(generator)).not.toEqual(before[0]);
      expect(weightsOf(discriminator)).toEqual(before[1]);
      model.reset();
      expect(weightsOf(discriminator)).not.toEqual(before[1]);
      for (const optimizer of Object.values(optimizers)) optimizer.dispose();
    }
    expect(torch.memory.live().tensors).toBe(live);
  });
  it("is recorded by its text, has no summary, and one metric per loss", () => {
    using model = new GAN();
    expect(model.toDict()).toBe(model.toString());
    expect(model.toDict()).toMatch(/^GAN\(\n {2}\(generator\): MLP\(/);
    expect(model.getSummary(images())).toBeNull();
    expect([...model.stateDict().keys()][0]).toBe("generator.hidden0.linear.weight");
    const metrics = new MetricsHandler({ g: new LossMetricConfig({ lossName: "generator" }) });
    metrics.initMetrics(model);
    expect(metrics.metrics?.g?.optimum).toBe("min");
    const unknown = new MetricsHandler({ g: new LossMetricConfig() });
    expect(() => unknown.initMetrics(model)).toThrow(/'loss'.*'generator', 'discriminator'/);
  });
});

describe("a model with steps of its own", () => {
  it("overrides those of SupervisedModel", () => {
    using _scope = torch.scope();
    const calls: string[] = [];
    class Penalised extends SupervisedModel {
      override forwardStep(batch: Batch): Tensor {
        const penalty = [...this.network.parameters()].map((p) => p.abs().sum()).reduce((a, b) => a.add(b));
        return super.forwardStep(batch).add(penalty.mul(10));
      }
      override backwardStep(loss: Losses, gradScaler: Scaler): void {
        calls.push("backward");
        super.backwardStep(loss, gradScaler);
        for (const p of this.network.parameters()) p.grad?.clamp_(-1, 1);
      }
      override optimizationStep(optimizers: Record<string, Optimizer>, gradScaler: Scaler): void {
        calls.push("step");
        super.optimizationStep(optimizers, gradScaler);
      }
    }
    using model = new Penalised({
      network: new torch.nn.Linear(2, 1),
      loss: { name_: "MSELoss" },
      optimizer: { name_: "SGD", lr: 0.01 },
    });
    const batch = new TestBatch({ image: torch.randn([4, 2]), label: torch.randn([4]) });
    const before = [...model.network.parameters()].map((p) => p.detach().clone());
    const scaler = { scale: (loss: Tensor) => loss, step: (optimizer: Optimizer) => optimizer.step() };
    step(model, batch, model.buildOptimizers(), scaler);
    expect(calls).toEqual(["backward", "step"]);
    for (const [i, p] of [...model.network.parameters()].entries()) {
      const moved = before[i]!.sub(p.detach()).abs().max().item();
      expect(moved).toBeGreaterThan(0);
      expect(moved).toBeLessThan(0.01 + 1e-6); // the gradient was limited to 1
    }
    batch.dispose();
  });
  it("may take several batches at a time", () => {
    using _scope = torch.scope();
    class Siamese extends SupervisedModel {
      override forwardStep(batch: BatchType): Tensor {
        const [first, ...others] = partsOf(batch).map((part) => super.forwardStep(part));
        return others.reduce((sum, loss) => sum.add(loss), first as Tensor);
      }
    }
    using model: Model = new Siamese({
      network: new torch.nn.Linear(2, 1),
      loss: { name_: "MSELoss" },
      optimizer: { name_: "SGD" },
    });
    const batch = new TestBatch({ image: torch.randn([4, 2]), label: torch.randn([4]) });
    expect((model.forwardStep([batch, batch]) as Tensor).item()).toBeGreaterThan(0);
    batch.dispose();
  });
});

describe("namedLosses", () => {
  const model = (...names: string[]) => {
    const loss = new torch.nn.MSELoss();
    class Fixed extends GAN {
      override getLossFunctions() {
        return Object.fromEntries(names.map((name) => [name, loss])) as never;
      }
    }
    return new Fixed();
  };
  it("gives a single loss the name of the only loss function", () => {
    using _scope = torch.scope();
    const loss = torch.ones([]);
    expect(namedLosses(loss, model("bce"))).toEqual({ bce: loss });
    const both = { a: loss, b: torch.ones([1]) };
    expect(namedLosses(both, model("b", "a"))).toEqual(both);
  });
  it("refuses what does not agree with getLossFunctions", () => {
    using _scope = torch.scope();
    const loss = torch.ones([]);
    expect(() => namedLosses(loss, model())).toThrow(/Fixed.getLossFunctions gives no loss/);
    expect(() => namedLosses(loss, model("a", "b"))).toThrow(/gives one loss, but getLossFunctions gives 'a', 'b'/);
    expect(() => namedLosses({ a: loss }, model("a", "b"))).toThrow(/gives the losses 'a', but.*'a', 'b'/);
    expect(() => namedLosses({ a: loss, c: loss }, model("a", "b"))).toThrow(/'a', 'c'/);
    expect(() => namedLosses({ a: loss, b: loss, c: loss }, model("a", "b"))).toThrow(/'a', 'b', 'c'/);
    expect(() => namedLosses({}, model("a"))).toThrow(/\{\}/);
    expect(() => namedLosses({ a: 3 as never }, model("a"))).toThrow(/'a' is 3, not a Tensor/);
    expect(() => namedLosses(torch.ones([4]), model("a"))).toThrow(/'a' has the shape \[4\].*reduction/);
  });
});

function disposable(batch: TestBatch): TestBatch & Disposable {
  return Object.assign(batch, { [Symbol.dispose]: () => batch.dispose() });
}
