import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Batch } from "../data/dataloader/index.ts";
import { point } from "../infer/fixtures/images.ts";
import { PatchesToImageInferer, SaliencyInferer } from "../infer/index.ts";
import { BCEWithLogitsLossConfig, CrossEntropyLossConfig, MSELossConfig } from "../losses/index.ts";
import { TestBatch } from "../metrics/fixtures/test-batch.ts";
import { CNNConfig } from "../networks/index.ts";
import { AdamConfig, SGDConfig } from "../optim/index.ts";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { MultiTaskModel, type MultiTaskModelOptions, modelFromDict } from "./index.ts";

let live = 0;
beforeEach(() => {
  live = torch.memory.live().tensors;
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(live);
});

/** Gives what the two values of an image say: the first for the age, both for the diagnosis. */
class Values extends torch.nn.Module<[Tensor], Tensor> {
  readonly linear = new torch.nn.Linear(2, 3, { bias: false });
  constructor() {
    super();
    using _grad = torch.noGrad();
    using weight = torch.tensor([
      [1, 0],
      [1, 0],
      [0, 1],
    ]);
    this.linear.weight.copy_(weight);
  }
  override forward(x: Tensor): Tensor {
    return this.linear.call(x.flatten(1));
  }
}

/** The same with a head for each task, in another order. */
class TwoHeads extends torch.nn.Module<[Tensor], Record<string, Tensor>> {
  readonly values = new Values();
  override forward(x: Tensor): Record<string, Tensor> {
    const all = this.values.call(x);
    return { diagnosis: all.narrow(1, 1, 2), age: all.narrow(1, 0, 1) };
  }
}

const optimizer = new AdamConfig();
const tasks = {
  age: { loss: new MSELossConfig(), weight: 0.5 },
  diagnosis: { loss: new CrossEntropyLossConfig(), numOutputs: 2, labelKey: "group" },
};
const images = [
  [1, 2],
  [3, 5],
];
const batchOf = (image: readonly (readonly number[])[] = images) =>
  new TestBatch({
    image: torch.tensor(image.map((row) => [...row])).reshape([image.length, 1, 2, 1]),
    age: torch.tensor([4, 1]),
    group: torch.tensor([0, 1]),
  });
// worked out by hand: squares of 1 - 4 and 3 - 1; the logits (1, 2) with the class 0, (3, 5) with the class 1
const AGE = (9 + 4) / 2;
const DIAGNOSIS = (Math.log1p(Math.E) + Math.log1p(Math.exp(-2))) / 2;

describe.each([
  ["one output", () => new Values()],
  ["a head for each task", () => new TwoHeads()],
] as const)("MultiTaskModel of a network of %s", (_, build) => {
  it("gives the loss of each task, and learns from their sum by their weights", () => {
    using _scope = torch.scope();
    using model = new MultiTaskModel({ network: build(), tasks, optimizer });
    using batch = batchOf();
    const losses = model.forwardStep(batch);
    expect(Object.keys(losses)).toEqual(["age", "diagnosis"]);
    expect(Object.keys(model.getLossFunctions())).toEqual(["age", "diagnosis"]);
    expect(losses.age?.item()).toBeCloseTo(AGE, 5);
    expect(losses.diagnosis?.item()).toBeCloseTo(DIAGNOSIS, 5);
    model.backwardStep(losses);
    const [weight] = model.network.parameters();
    const gradient = weight?.grad?.toArray() as number[][];
    // of the first row: 0.5 · mean of 2 · (output - age) · image
    expect(gradient[0]?.[0]).toBeCloseTo((-3 * 1 + 2 * 3) / 2, 5);
    expect(gradient[0]?.[1]).toBeCloseTo((-3 * 2 + 2 * 5) / 2, 5);
    // of the third: the mean of (probability of class 1 - label) · image
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    expect(gradient[2]?.[0]).toBeCloseTo((sigmoid(1) * 1 + (sigmoid(2) - 1) * 3) / 2, 5);
    // the loss of all is the same sum
    const target = torch.tensor([
      [4, 0],
      [1, 1],
    ]);
    const output = torch.tensor([
      [1, 1, 2],
      [3, 3, 5],
    ]);
    const loss = model.loss as torch.nn.Module<[Tensor, Tensor], Tensor>;
    expect(loss.call(output, target).item()).toBeCloseTo(0.5 * AGE + DIAGNOSIS, 5);
  });

  it("evaluates all tasks: the outputs of each have a field", () => {
    using _scope = torch.scope();
    using model = new MultiTaskModel({ network: build(), tasks, optimizer });
    model.eval();
    using batch = batchOf();
    const evaluated = torch.noGrad(() => model.evaluationStep(batch));
    expect(evaluated.getField("output").shape).toEqual([2, 3]);
    expect(evaluated.getField("output_age").toArray()).toEqual([[1], [3]]);
    expect(evaluated.getField("output_diagnosis").toArray()).toEqual([
      [1, 2],
      [3, 5],
    ]);
  });
});

describe("MultiTaskModel", () => {
  it("a step of its optimizer moves each head by its own task alone", () => {
    using _scope = torch.scope();
    const options = { network: new Values(), optimizer: new SGDConfig({ lr: 0.1 }) };
    using model = new MultiTaskModel({ ...options, tasks: { ...tasks, age: { ...tasks.age, weight: 0 } } });
    using batch = batchOf();
    const before = options.network.linear.weight.detach().clone().toArray() as number[][];
    const optimizers = model.buildOptimizers();
    model.backwardStep(model.forwardStep(batch));
    model.optimizationStep(optimizers);
    const after = options.network.linear.weight.toArray() as number[][];
    expect(after[0]).toEqual(before[0]);
    expect(after[1]).not.toEqual(before[1]);
  });

  it("passes images patch by patch, and gives each task its channels", () => {
    using _scope = torch.scope();
    const layer = new torch.nn.Conv3d(1, 2, 1, { bias: false });
    torch.noGrad(() => layer.weight.copy_(torch.tensor([1, -1]).reshape([2, 1, 1, 1, 1])));
    using model = new MultiTaskModel({
      network: layer,
      tasks: { bright: { loss: new BCEWithLogitsLossConfig() }, dark: { loss: new BCEWithLogitsLossConfig() } },
      optimizer,
      inferer: new PatchesToImageInferer({ patchSize: 2 }),
    });
    model.eval();
    const image = torch.arange(1, 65, { dtype: "float32" }).reshape([1, 1, 4, 4, 4]);
    using batch = new TestBatch({ image: image.clone() });
    const evaluated = torch.noGrad(() => model.evaluationStep(batch));
    expect(torch.equal(evaluated.getField("output_bright"), image)).toBe(true);
    expect(torch.equal(evaluated.getField("output_dark"), image.neg())).toBe(true);
  });

  it("goes to JSON and back; the weights of classes are part of it, and of the weights", () => {
    using _scope = torch.scope();
    using model = new MultiTaskModel({
      network: new CNNConfig({ inShape: [1, 8, 8, 8], numOutputs: 3, convArgs: { channels: [2] } }),
      tasks: { age: tasks.age, diagnosis: { ...tasks.diagnosis, loss: { name_: "CrossEntropyLoss", weight: [1, 2] } } },
      optimizer,
    });
    const dict = model.toDict();
    expect(Object.keys(dict)).toEqual(["name_", "network", "optimizer", "inferer", "tasks"]);
    expect(dict).toMatchObject({
      name_: "MultiTaskModel",
      tasks: {
        age: { loss: { name_: "MSELoss" }, weight: 0.5, num_outputs: 1, label_key: "age" },
        diagnosis: { loss: { weight: [1, 2] }, weight: 1, num_outputs: 2, label_key: "group" },
      },
    });
    using again = modelFromDict(JSON.parse(JSON.stringify(dict)) as JsonObject);
    expect(again).toBeInstanceOf(MultiTaskModel);
    expect(again.toDict()).toEqual(dict);
    expect([...again.stateDict().keys()]).toEqual([...model.stateDict().keys()]);
    expect([...model.stateDict().keys()]).toContain("loss.tasks.diagnosis.weight");
    expect(model.neededFields()).toMatchObject([
      { field: "age", accepted: null },
      { field: "group", accepted: { max: 1 } },
    ]);
  });

  it("a loss of one's own is recorded by name, which cannot be read back", () => {
    using _scope = torch.scope();
    const absolute = (a: Tensor, b: Tensor) => a.sub(b).abs().mean();
    using model = new MultiTaskModel({
      network: new Values(),
      tasks: { ...tasks, age: { loss: absolute } },
      optimizer,
    });
    using batch = batchOf();
    expect(model.forwardStep(batch).age?.item()).toBeCloseTo(2.5, 5);
    const dict = model.toDict();
    expect(dict).toMatchObject({ tasks: { age: { loss: "<function absolute>" } } });
    using network = new Values();
    expect(() => MultiTaskModel.fromDict(dict, { network })).toThrow(
      /the task 'age'.*was written as .<function absolute>., which cannot be read back/,
    );
  });
});

describe("what cannot be is refused, and said why", () => {
  it.each<[string, object, RegExp]>([
    ["no tasks", { tasks: {} }, /'tasks' got .*Expected the tasks by their names/],
    ["a list of tasks", { tasks: [tasks.age] }, /'tasks' got .*Expected the tasks by their names/],
    ["a loss beside them", { loss: new MSELossConfig() }, /no option 'loss': each of the 'tasks' has its own/],
    ["a task without loss", { tasks: { age: {} } }, /the task 'age': 'loss'/],
    ["a misspelt option", { tasks: { age: { ...tasks.age, wieght: 2 } } }, /the task 'age'.*wieght/s],
    ["a negative weight", { tasks: { age: { ...tasks.age, weight: -1 } } }, /the task 'age'.*weight/s],
    ["weights that are all 0", { tasks: { age: { ...tasks.age, weight: 0 } } }, /all tasks have the weight 0/],
    ["the name of all losses", { tasks: { loss: tasks.age } }, /a task is named .loss./],
    ["a name that is none of a column", { tasks: { "a.b": tasks.age } }, /a task is named .a\.b.*'labelKey'/],
    [
      "a network of another number of values",
      { network: new CNNConfig({ inShape: [1, 8, 8], numOutputs: 2, convArgs: { channels: [2] } }) },
      /the network gives 2 values, and the tasks need 3: 'age' 1, 'diagnosis' 2\. Give it numOutputs: 3/,
    ],
  ])("%s", (_, changes, message) => {
    using _scope = torch.scope();
    using network = new Values();
    const options = { network, tasks, optimizer, ...changes } as MultiTaskModelOptions;
    expect(() => new MultiTaskModel(options)).toThrow(message);
  });

  class Gives extends torch.nn.Module<[Tensor], Record<string, Tensor>> {
    readonly outputs: () => unknown;
    constructor(outputs: () => unknown) {
      super();
      this.outputs = outputs;
    }
    override forward(): Record<string, Tensor> {
      return this.outputs() as Record<string, Tensor>;
    }
  }
  it.each<[string, () => unknown, RegExp]>([
    ["too few channels", () => torch.zeros([2, 2]), /Gives gives the shape \(2, 2\), and the tasks need \(N, 3, …\)/],
    [
      "a list",
      () => [torch.zeros([2, 1])],
      /gives 1 values\. Expected one tensor, or an object with one for each task/,
    ],
    [
      "other names",
      () => ({ age: torch.zeros([2, 1]), sex: torch.zeros([2, 2]) }),
      /gives 'age', 'sex', and the tasks/,
    ],
    [
      "a head of another size",
      () => ({ age: torch.zeros([2, 1]), diagnosis: torch.zeros([2, 3]) }),
      /gives the shape \(2, 3\) for the task 'diagnosis', which needs a tensor \(N, 2, …\)/,
    ],
    [
      "heads of several sizes",
      () => ({ age: torch.zeros([2, 1]), diagnosis: torch.zeros([2, 2, 4]) }),
      /outputs of several sizes: 'age' \(2, 1\), 'diagnosis' \(2, 2, 4\)/,
    ],
  ])("a network that gives %s", (_, outputs, message) => {
    using _scope = torch.scope();
    using model = new MultiTaskModel({ network: new Gives(outputs), tasks, optimizer });
    using batch = batchOf();
    expect(() => model.forwardStep(batch)).toThrow(message);
  });
});

describe("SaliencyInferer of a MultiTaskModel", () => {
  it.each(["gradient", "integrated_gradients"] as const)("makes a map of each task by itself: %s", (method) => {
    const shape = [2, 1, 1, 2, 1];
    using network = new Values();
    using batch = new Batch([point(shape, 0, false), point(shape, 1, false)]);
    using _scope = torch.scope();
    using model = new MultiTaskModel({
      network,
      tasks,
      optimizer,
      inferer: new SaliencyInferer({ method, nSteps: 2 }),
    });
    using evaluated = torch.noGrad(() => model.evaluationStep(batch));
    const image = evaluated.getField("image").flatten(1).toNumbers();
    const diagnosis = evaluated.getField("output_diagnosis").argmax(1).toNumbers();
    const where = (i: number, at: number) =>
      [0, 1].map((k) => (k !== at ? 0 : method === "gradient" ? 1 : image[2 * i + k]));
    const close = (name: string, expected: unknown[]) =>
      expected.forEach((value, i) => {
        expect(evaluated.getField(name).flatten().toNumbers()[i]).toBeCloseTo(Number(value), 5);
      });
    close(
      "saliency_age",
      [0, 1].flatMap((i) => where(i, 0)),
    );
    close(
      "saliency_diagnosis",
      [0, 1].flatMap((i) => where(i, diagnosis[i] ?? -1)),
    );
    expect(evaluated.get(0).images.has("saliency")).toBe(false);
  });
});
