import { describe, expect, it } from "vitest";
import { Callback, type EventArgs } from "../callbacks/index.ts";
import type { Batch } from "../data/dataloader/index.ts";
import { type Losses, Model, type Scaler, SupervisedModel, type SupervisedModelOptions } from "../models/index.ts";
import { type Optimizer, SGDConfig } from "../optim/index.ts";
import { rounding } from "../torch/fixtures/close.ts";
import * as torch from "../torch/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, gradientsOf, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();

/** The gradient at each optimization step, in one array, and what is left of it when an epoch begins. */
class Gradients extends Callback {
  readonly steps: number[][] = [];
  readonly left: number[] = [];
  override onOptimizationStepStart({ model }: EventArgs<"onOptimizationStepStart">): void {
    this.steps.push(gradientsOf(model));
  }
  override onEpochStart({ model }: EventArgs<"onEpochStart">): void {
    this.left.push(gradientsOf(model).length);
  }
}

/** In float64, where roundings are far below what a wrong weight of a batch changes. */
class Double extends torch.nn.Module<[torch.Tensor], torch.Tensor> {
  override forward(x: torch.Tensor): torch.Tensor {
    return x.to({ dtype: "float64" });
  }
}
/** Without layers that see the whole batch. */
const linear = (outputs = 1) =>
  new torch.nn.Sequential(new torch.nn.Flatten(), new Double(), new torch.nn.Linear(512, outputs)).to({
    dtype: "float64",
  });
const sgd = new SGDConfig({ lr: 0.1 });

function plainModel(loss: SupervisedModelOptions["loss"] = new torch.nn.BCEWithLogitsLoss()): SupervisedModel {
  return new SupervisedModel({ network: linear(), loss, optimizer: sgd });
}

/** A mean and a sum. */
class Two extends Model {
  readonly network = linear();
  readonly mean = new torch.nn.BCEWithLogitsLoss();
  readonly sum = new torch.nn.BCEWithLogitsLoss({ reduction: "sum" });
  override forwardStep(batch: Batch): Losses {
    const scores = this.network.call(batch.getField("image", { dtype: "float32" })) as torch.Tensor;
    const labels = batch.getField("label", { dtype: "float32", ensureChannelDim: true });
    return { mean: this.mean.call(scores, labels), sum: this.sum.call(scores, labels) };
  }
  override backwardStep({ mean, sum }: Record<"mean" | "sum", torch.Tensor>, gradScaler: Scaler): void {
    gradScaler.scale(mean.add(sum)).backward();
  }
  override optimizationStep(optimizers: Record<string, Optimizer>, gradScaler: Scaler): void {
    for (const optimizer of Object.values(optimizers)) gradScaler.step(optimizer);
  }
  override evaluationStep(batch: Batch): Batch {
    return batch;
  }
  override buildOptimizers() {
    return { optimizer: sgd.getObject(this.network) };
  }
  override getLossFunctions() {
    return { mean: this.mean, sum: this.sum };
  }
}

/** Trains on 10 samples for 2 epochs. */
async function train(name: string, batchSize: number, accumulationSteps: number, model = plainModel()) {
  const gradients = new Gradients();
  const optimization = { numEpochs: 2, accumulationSteps };
  // without metrics, since weights of classes in float64 do not go with predictions, which are float32
  const trainer = trainers.make(name, { model, metrics: {}, optimization, callbacks: [gradients] });
  await trainer.train(toySplit({ shuffle: false, batchSize }), { computational });
  return { ...gradients, optimStep: trainer.state.optimStep };
}

function expectClose(one: readonly number[][], other: readonly number[][]): void {
  expect(one.length).toBe(other.length);
  for (const [i, step] of one.entries()) {
    const scale = Math.max(...step.map(Math.abs));
    expect(scale).toBeGreaterThan(0);
    const difference = Math.max(...step.map((value, k) => Math.abs(value - (other[i]?.[k] ?? Number.NaN))));
    // the share of a batch in its window is a float32
    expect(difference).toBeLessThan(rounding({ scale }));
  }
}

describe("accumulation (D4)", () => {
  it("steps with the gradient of each window as one batch, the short last one included", async () => {
    const whole = await train("whole", 8, 1);
    const windows = await train("windows", 2, 4);
    // 8 and 2 samples, twice
    expect(windows.optimStep).toBe(4);
    expectClose(windows.steps, whole.steps);
  });

  it("counts batches of a window by their samples", async () => {
    // 4, 4 and 2
    expectClose((await train("windows", 4, 3)).steps, (await train("whole", 10, 1)).steps);
  });

  it("counts class indices by the weights of their classes, and not where they are ignored", async () => {
    const options = [{ weight: torch.tensor([0.2, 5], { dtype: "float64" }).keep() }, { ignoreIndex: 0 }];
    for (const [i, option] of options.entries()) {
      const model = () =>
        new SupervisedModel({
          network: linear(2),
          loss: new torch.nn.CrossEntropyLoss(option),
          optimizer: sgd,
        });
      const whole = await train(`whole-${i}`, 9, 1, model());
      expectClose((await train(`windows-${i}`, 3, 3, model())).steps.slice(0, 1), whole.steps.slice(0, 1));
      expectClose(
        (await train(`windows-one-${i}`, 3, 4, model())).steps.slice(0, 1),
        (await train(`one-${i}`, 10, 1, model())).steps.slice(0, 1),
      );
    }
    options[0]?.weight?.dispose();
  });

  it("adds sums as they are", async () => {
    const loss = () => new torch.nn.BCEWithLogitsLoss({ reduction: "sum" });
    const whole = await train("whole", 8, 1, plainModel(loss()));
    expectClose((await train("windows", 2, 4, plainModel(loss()))).steps, whole.steps);
  });

  it("takes the whole epoch where it has fewer batches than a window", async () => {
    const whole = await train("whole", 10, 1);
    const windows = await train("windows", 2, 100);
    expect(windows.optimStep).toBe(2);
    expectClose(windows.steps, whole.steps);
  });

  it("carries nothing into the next epoch", async () => {
    expect((await train("windows", 2, 4)).left).toEqual([0, 0]);
  });

  it("weighs each of several losses, a mean by its share and a sum as it is", async () => {
    const options = (accumulationSteps: number, gradients: Gradients) => ({
      model: new Two(),
      metrics: {},
      optimization: { numEpochs: 1, accumulationSteps },
      callbacks: [gradients],
    });
    const [whole, windows] = [new Gradients(), new Gradients()];
    const split = (batchSize: number) => toySplit({ shuffle: false, batchSize });
    await trainers.make("whole", options(1, whole)).train(split(8), { computational });
    await trainers.make("windows", options(4, windows)).train(split(2), { computational });
    expectClose(windows.steps, whole.steps);
    expect(trainers.text("windows", "training/split-0/logs/training_loss.tsv")).toMatch(
      /^epoch\tbatch\tmean\tsum\n1\t1\t/,
    );
  });
});
