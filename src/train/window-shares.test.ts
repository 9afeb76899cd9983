/** That the gradient of a window is that of its batches as one, where labels have weights: in float64, so that only a wrong share differs. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CrossEntropyLossConfig, MSELossConfig } from "../losses/index.ts";
import { TestBatch } from "../metrics/fixtures/test-batch.ts";
import { type Model, MultiTaskModel, SegmentationModel, SupervisedModel, VAEModel } from "../models/index.ts";
import { SGDConfig } from "../optim/index.ts";
import { SingleProcess } from "../run/index.ts";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { countsInWindow, weightedLosses } from "./accumulation.ts";
import { gradientsOf } from "./fixtures/trainers.ts";

let live = 0;
beforeEach(() => {
  live = torch.memory.live().tensors;
  torch.manualSeed(3);
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(live);
});

const optimizer = new SGDConfig({ lr: 0.1 });
const world = new SingleProcess();

/** The sum over a window of the gradients of its batches, as the Trainer weighs them, and the mean of their losses. */
async function learnt(model: Model, window: readonly TestBatch[]) {
  const counts = await countsInWindow(window, model, world);
  using _scope = torch.scope();
  model.zeroGrad();
  let loss = 0;
  for (const [i, batch] of window.entries()) {
    const shares = counts[i]?.shares ?? null;
    const losses = model.forwardStep(batch, shares ?? undefined);
    const weighted = weightedLosses(losses, model, shares);
    model.backwardStep(weighted, { scale: (value) => value, step: () => undefined });
    for (const value of weighted instanceof torch.Tensor ? [weighted] : Object.values(weighted)) loss += value.item();
  }
  return { gradient: gradientsOf(model), loss };
}

/** Compares a window of batches of these numbers of samples with all samples in one. */
async function expectSame(model: Model, fields: Readonly<Record<string, Tensor>>, sizes: readonly number[]) {
  const part = (start: number, length: number) =>
    new TestBatch(
      Object.fromEntries(Object.entries(fields).map(([name, all]) => [name, all.narrow(0, start, length)])),
    );
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  const window = sizes.map((size, i) => part(starts[i] ?? 0, size));
  const whole = part(0, fields.image?.shape[0] ?? 0);
  const one = await learnt(model, [whole]);
  const several = await learnt(model, window);
  const largest = Math.max(...one.gradient.map(Math.abs));
  expect(largest).toBeGreaterThan(1e-6);
  expect(several.gradient.length).toBe(one.gradient.length);
  // weights of classes are float32, and so is their sum in the loss of a small batch
  const far = Math.max(...one.gradient.map((value, i) => Math.abs(value - (several.gradient[i] ?? Number.NaN))));
  expect(far / largest).toBeLessThan(1e-12);
  expect(Math.abs(several.loss - one.loss)).toBeLessThan(1e-12 * Math.abs(one.loss));
  for (const batch of [whole, ...window]) batch.dispose();
}

const double = <M extends torch.nn.AnyModule>(module: M): M => module.to({ dtype: "float64" });

/** Logits of three classes at four sizes, of which the last does not count. */
class FourSizes extends torch.nn.Module<[Tensor], Tensor[]> {
  readonly mix = double(new torch.nn.Conv2d(1, 3, 3, { padding: 1 }));
  readonly others = new torch.nn.ModuleList([1, 2, 3].map(() => double(new torch.nn.Conv2d(3, 3, 1))));
  /** They draw numbers and have statistics: finding out the sizes changes neither. */
  readonly norm = double(new torch.nn.BatchNorm2d(3));
  readonly dropout = new torch.nn.Dropout(0.5);
  calls = 0;
  override forward(x: Tensor): Tensor[] {
    this.calls++;
    this.dropout.call(this.norm.call(this.mix.call(x.to({ dtype: "float64" })).detach()));
    const fine = this.mix.call(x.to({ dtype: "float64" }));
    const sizes = [fine, torch.avgPool2d(fine, [2, 2]), torch.adaptiveAvgPool2d(fine, [1, 2]), fine];
    const others = [...this.others] as torch.nn.Conv2d[];
    return sizes.map((size, k) => (k === 0 ? size : others[k - 1]!.call(size)));
  }
}

const weight = [0.25, 2, 8];
/** Labels of 8 × 6 voxels: classes are as rare here as there, and the second sample has none but the first class. */
function masks(): Tensor {
  const labels = torch.randint(3, [5, 1, 8, 6], { dtype: "int64" });
  labels.select(0, 1).fill_(0);
  return labels;
}

describe("deep supervision with weights of classes", () => {
  it.each([[[1, 1, 1, 1, 1]], [[2, 3]], [[1, 4]]])("in batches of %j", async (sizes) => {
    using _scope = torch.scope();
    using model = new SegmentationModel({
      network: new FourSizes(),
      loss: double(new CrossEntropyLossConfig({ weight }).getObject() as torch.nn.CrossEntropyLoss),
      optimizer,
    });
    await expectSame(model, { image: torch.randn([5, 1, 8, 6]), label: masks() }, sizes);
  });

  it("with voxels that are ignored, all of those of a batch among them", async () => {
    using _scope = torch.scope();
    using model = new SegmentationModel({
      network: new FourSizes(),
      loss: new CrossEntropyLossConfig({ ignoreIndex: 0 }).getObject(),
      optimizer,
    });
    await expectSame(model, { image: torch.randn([5, 1, 8, 6]), label: masks() }, [1, 1, 2, 1]);
  });

  it("finds out the sizes once for images of a size, and changes nothing by it", () => {
    using _scope = torch.scope();
    const network = new FourSizes();
    using model = new SegmentationModel({ network, loss: new CrossEntropyLossConfig({ weight }), optimizer });
    using batch = new TestBatch({ image: torch.randn([5, 1, 8, 6]), label: masks() });
    const state = () => [torch.random.getState(), ...network.norm.buffers()].map((tensor) => [...tensor.toNumbers()]);
    const before = state();
    const counts = model.lossWeight(batch);
    expect(network.calls).toBe(1);
    expect(model.lossWeight(batch)).toEqual(counts);
    expect(network.calls).toBe(1);
    expect(state()).toEqual(before);
    expect([...network.modules()].every((module) => module.training)).toBe(true);
    const label = batch.getField("label");
    const at = (labels: Tensor) => labels.toNumbers().reduce((sum, index) => sum + (weight[index] ?? Number.NaN), 0);
    expect(counts).toMatchObject({ loss: at(label) });
    // of 8 × 6 voxels, nearest to the middles of 4 × 3: the second of each two
    const rows = torch.tensor([1, 3, 5, 7], { dtype: "int64" });
    const columns = torch.tensor([1, 3, 5], { dtype: "int64" });
    const half = label.indexSelect(2, rows).indexSelect(3, columns);
    expect(counts).toMatchObject({ "output 2": at(half) });
  });
});

describe("several tasks", () => {
  it.each([[[1, 1, 1, 1, 1]], [[2, 3]]])("each with weights of its own, in batches of %j", async (sizes) => {
    using _scope = torch.scope();
    class Head extends torch.nn.Module<[Tensor], Tensor> {
      readonly linear = double(new torch.nn.Linear(4, 6));
      override forward(x: Tensor): Tensor {
        return this.linear.call(x.flatten(1).to({ dtype: "float64" }));
      }
    }
    const entropy = (weight: number[]) =>
      double(new CrossEntropyLossConfig({ weight }).getObject() as torch.nn.CrossEntropyLoss);
    using model = new MultiTaskModel({
      network: new Head(),
      tasks: {
        age: { loss: new MSELossConfig(), weight: 0.01 },
        group: { loss: entropy([1, 10]), numOutputs: 2 },
        stage: { loss: entropy(weight), numOutputs: 3, weight: 2 },
      },
      optimizer,
    });
    const fields = {
      image: torch.randn([5, 1, 2, 2]),
      age: torch.tensor([60, 70, 81, 66, 90]),
      group: torch.tensor([1, 0, 0, 1, 0]),
      stage: torch.tensor([0, 2, 0, 1, 2]),
    };
    await expectSame(model, fields, sizes);
    using batch = new TestBatch(fields);
    expect(model.lossWeight(batch)).toEqual({ age: 5, group: 23, stage: 0.5 + 2 + 16 });
    using plain = new MultiTaskModel({
      network: new Head(),
      tasks: { all: { loss: new MSELossConfig(), numOutputs: 6 } },
      optimizer,
    });
    expect(plain.lossWeight(batch)).toBeNull();
  });
});

describe("one loss", () => {
  it("a batch of which no label counts adds nothing", async () => {
    using _scope = torch.scope();
    const network = new torch.nn.Sequential(new torch.nn.Flatten(), new torch.nn.Linear(4, 2));
    using model = new SupervisedModel({ network, loss: new CrossEntropyLossConfig({ ignoreIndex: 0 }), optimizer });
    const image = torch.randn([3, 1, 2, 2]);
    using nothing = new TestBatch({ image, label: torch.tensor([0, 0, 0]) });
    using all = new TestBatch({ image, label: torch.tensor([1, 1, 0]) });
    const alone = await learnt(model, [all]);
    expect(await learnt(model, [nothing, all])).toEqual(alone);
    // the mean of nothing is none
    expect((await learnt(model, [nothing, nothing])).loss).toBeNaN();
  });

  it("a divergence stays a mean beside a loss that is a sum", async () => {
    using _scope = torch.scope();
    class Gaussian extends torch.nn.Module<[Tensor], Tensor[]> {
      readonly encode = double(new torch.nn.Linear(4, 4));
      override forward(x: Tensor): Tensor[] {
        const [mu, logVar] = this.encode.call(x.flatten(1).to({ dtype: "float64" })).chunk(2, 1);
        return [mu!.mul(2).repeat([1, 2]).reshape(x.shape), mu!, logVar!];
      }
    }
    const loss = new MSELossConfig({ reduction: "sum" });
    using model = new VAEModel({ network: new Gaussian(), loss, optimizer, beta: 3 });
    await expectSame(model, { image: torch.randn([5, 1, 2, 2]) }, [1, 1, 3]);
  });

  it("says so where the weights are not those of the losses", async () => {
    using _scope = torch.scope();
    class Other extends SupervisedModel {
      override lossWeight() {
        return { other: 1 };
      }
    }
    const network = new torch.nn.Sequential(new torch.nn.Flatten(), new torch.nn.Linear(4, 1));
    using model = new Other({ network, loss: new MSELossConfig(), optimizer });
    using batch = new TestBatch({ image: torch.randn([1, 1, 2, 2]), label: torch.tensor([1]) });
    await expect(countsInWindow([batch, batch], model, world)).rejects.toThrow(
      "Other.lossWeight gives weights of other, and none of loss. Give each loss of getLossFunctions one.",
    );
  });
});
