import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { formatJson } from "../io/json/index.ts";
import { MSELossConfig, NLLLossConfig } from "../losses/index.ts";
import { TestBatch } from "../metrics/fixtures/test-batch.ts";
import { LossMetricConfig } from "../metrics/index.ts";
import { CNNConfig, MLPConfig, networkRegistry } from "../networks/index.ts";
import { AdamConfig, MultiStepLRConfig, ReduceLROnPlateauConfig } from "../optim/index.ts";
import { expectClose, expectDrawn, largest } from "../torch/fixtures/close.ts";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { CannotReadFieldError } from "../utils/exceptions.ts";
import { Model, modelFromDict, ReconstructionModel, registerModel, SupervisedModel, VanillaModel } from "./index.ts";

interface Case {
  /** `model.json`. */
  readonly json: string;
  readonly state: readonly [string, number[]][];
  readonly text: string;
  readonly losses: readonly number[];
  readonly output: readonly number[];
  readonly summary: string;
}
const golden = JSON.parse(readFileSync(new URL("./golden/models.json", import.meta.url), "utf8")) as Record<
  string,
  Case
>;

describe("models, compared to the original", () => {
  for (const [name, expected] of Object.entries(golden)) {
    it(name, () => {
      const live = torch.memory.live().tensors;
      {
        using _all = torch.scope();
        torch.manualSeed(0);
        const model = modelFromDict(JSON.parse(expected.json) as JsonObject);
        if (!(model instanceof VanillaModel)) throw new Error(`${name} is read as a ${model.constructor.name}`);
        expect(formatJson(model.toDict())).toBe(expected.json);
        expect([...model.stateDict()].map(([key, t]) => [key, [...t.shape]])).toEqual(expected.state);
        expect(model.toString()).toBe(expected.text);

        const generator = new torch.Generator("cpu").manualSeed(3);
        const image = torch.randn([4, 1, 16, 16, 16], { generator });
        const batch = new TestBatch({ image, label: [0, 1, 0, 1] });
        torch.manualSeed(5);
        const optimizers = model.buildOptimizers();
        model.reset();
        model.train();
        const losses = expected.losses.map(() => {
          using _step = torch.scope();
          const loss = model.forwardStep(batch) as Tensor;
          model.backwardStep(loss);
          model.optimizationStep(optimizers);
          model.zeroGrad({ setToNone: true });
          return loss.item();
        });
        // the longest sums are over all voxels of the batch; these few steps do not make differences larger
        const terms = image.numel();
        expectClose(losses, expected.losses, { terms, what: "losses" });
        model.eval();
        torch.noGrad(() => model.evaluationStep(batch));
        expectClose(batch.getField("output").flatten().narrow(0, 0, 4), expected.output, { terms, what: "output" });
        expect(model.getSummary(batch)).toBe(expected.summary);
        batch.dispose();
        for (const optimizer of Object.values(optimizers)) (optimizer as { dispose?: () => void }).dispose?.();
        model.dispose();
      }
      expect(torch.memory.live().tensors).toBe(live);
    });
  }
});

describe("Model.reset, compared to the original", () => {
  interface Reset {
    readonly config: JsonObject;
    readonly reset: {
      readonly seed: number;
      readonly weights: Record<string, { readonly sum: number; readonly head: number[] }>;
    };
  }
  const file = new URL("../networks/golden/networks.json", import.meta.url);
  const cases = JSON.parse(readFileSync(file, "utf8")) as Record<string, Reset>;
  for (const [name, { config, reset }] of Object.entries(cases)) {
    it(`${name}: draws the same weights`, () => {
      using _scope = torch.scope();
      const network = networkRegistry.get(String(config.name_))!.fromDict(config);
      // a VAE, which gives several tensors, is drawn anew in the same way
      const drawn = network.getObject() as torch.nn.Module;
      const model = new SupervisedModel({ network: drawn, loss: new MSELossConfig(), optimizer: new AdamConfig() });
      torch.manualSeed(reset.seed);
      model.reset();
      for (const [key, parameter] of model.network.namedParameters()) {
        const { head } = reset.weights[key]!;
        // weight and bias of a layer are drawn from the same interval, whose size the largest of all their values shows
        const layer = [...model.network.namedParameters()].filter(
          ([k]) => k === key || k === key.replace(/bias$/, "weight"),
        );
        const scale = Math.max(...layer.map(([, values]) => largest(values)));
        expectDrawn(parameter.detach().flatten().narrow(0, 0, head.length), head, { what: key, scale });
      }
      model.dispose();
    });
  }
});

const network = { name_: "MLP", numInputs: 2, numOutputs: 3, hiddenDims: [4], norm: null };

it("takes read-only arrays in options, such as the shape of a sample", () => {
  const shape: readonly number[] = Object.freeze([1, 8, 8]);
  const channels: readonly number[] = [2];
  expect(new CNNConfig({ inShape: shape, numOutputs: 1, convArgs: { channels } }).inShape).toEqual(shape);
  expect(new AdamConfig({ freeze: ["a", "b"] as const, betas: [0.5, 0.9] as const }).betas).toEqual([0.5, 0.9]);
  expect(new MultiStepLRConfig({ milestones: shape.slice(0, 2) as readonly number[] }).milestones).toEqual([1, 8]);
  expect(new ReduceLROnPlateauConfig({ minLr: shape }).minLr).toEqual(shape);
  expect(new NLLLossConfig({ weight: shape }).weight).toEqual(shape);
});

describe("SupervisedModel", () => {
  it("takes plain objects, configs and objects", () => {
    const plain = new SupervisedModel({ network, loss: { name_: "MSELoss" }, optimizer: { name_: "Adam", lr: 0.1 } });
    expect(plain.toDict()).toMatchObject({
      name_: "SupervisedModel",
      network: { name_: "MLP", num_outputs: 3 },
      optimizer: { lr: 0.1 },
      label_key: "label",
    });
    const raw = new SupervisedModel({
      network: new torch.nn.Linear(2, 3),
      loss: (a, b) => a.sub(b).sum(),
      optimizer: new AdamConfig(),
    });
    expect(raw.toDict()).toMatchObject({ network: "Linear" });
    expect(() => modelFromDict(raw.toDict())).toThrow(CannotReadFieldError);
    expect(
      () =>
        new SupervisedModel({ network: { name_: "CNNN" }, loss: { name_: "MSELoss" }, optimizer: { name_: "Adam" } }),
    ).toThrow(/'CNNN'/);
    expect(
      () => new SupervisedModel({ network, loss: { name_: "MSELoss" }, optimizer: { name_: "Adam", freeze: "head" } }),
    ).toThrow(/'head'/);
    plain.dispose();
    raw.dispose();
  });
  it("learns from class indices (D18), which the validation loss takes too", () => {
    using _scope = torch.scope();
    for (const name_ of ["CrossEntropyLoss", "MultiMarginLoss"]) {
      const model = new SupervisedModel({ network, loss: { name_ }, optimizer: { name_: "Adam" } });
      const batch = new TestBatch({
        image: torch.randn([4, 2]),
        label: torch.tensor([0, 1, 2, 1], { dtype: "int64" }),
      });
      const loss = model.forwardStep(batch).item();
      torch.noGrad(() => model.evaluationStep(batch));
      const metric = new LossMetricConfig().getObject(model);
      expect(metric.update(batch)).toHaveLength(4);
      expect(metric.aggregate()).toBeCloseTo(loss, 5);
      model.dispose();
    }
  });
  it("takes integer labels with losses of floating-point numbers", () => {
    using _scope = torch.scope();
    const model = new SupervisedModel({
      network: { ...network, numOutputs: 1 },
      loss: { name_: "BCEWithLogitsLoss" },
      optimizer: { name_: "Adam" },
    });
    const batch = new TestBatch({ image: torch.randn([2, 2]), label: torch.tensor([0, 1], { dtype: "int64" }) });
    expect(model.forwardStep(batch).item()).toBeGreaterThan(0);
    model.dispose();
  });
  it("gives groups and frozen layers to the optimizer it builds (D19)", () => {
    const model = new SupervisedModel({
      network: new MLPConfig({ numInputs: 2, numOutputs: 1, hiddenDims: [3] }),
      loss: new MSELossConfig(),
      optimizer: new AdamConfig({ freeze: "hidden0", lr: { output: 0.1, ELSE: 0.2 } }),
    });
    expect(model.buildOptimizers().optimizer?.paramGroups.map((g) => [g.name, g.lr])).toEqual([
      ["output", 0.1],
      ["ELSE", 0.2],
    ]);
    expect([...model.network.parameters()].some((p) => !p.requiresGrad)).toBe(true);
    model.dispose();
  });
});

describe("Model", () => {
  class Mine extends SupervisedModel {}
  it("is not taken for its parent when read (D37)", () => {
    const model = new Mine({ network, loss: { name_: "MSELoss" }, optimizer: { name_: "Adam" } });
    expect(model.toDict().name_).toBe("Mine");
    expect(() => modelFromDict(model.toDict())).toThrow(/Mine.*Pass the object itself, or register its class/);
    using read = Mine.fromDict(model.toDict());
    expect(read).toBeInstanceOf(Mine);
    expect(() => modelFromDict("<Custom object>")).toThrow(CannotReadFieldError);
    expect(() => modelFromDict({ name_: "SupervisedModel" })).toThrow(/network/);
    expect(() => modelFromDict({})).toThrow(CannotReadFieldError);
    model.dispose();
  });
  it("of one's own is read by its name_ once it is registered; no two of one name", () => {
    class Twice extends SupervisedModel {
      static override readonly name_: string = "Doubled";
    }
    using model = new Twice({ network, loss: { name_: "MSELoss" }, optimizer: { name_: "Adam" } });
    expect(model.toDict().name_).toBe("Doubled");
    expect(() => modelFromDict(model.toDict())).toThrow(/Doubled/);
    registerModel(Twice);
    using read = modelFromDict(model.toDict());
    expect(read).toBeInstanceOf(Twice);
    expect(read.toDict()).toEqual(model.toDict());
    expect(() => registerModel(Mine)).toThrow("Another model is named 'SupervisedModel' already");
  });
  it("keeps frozen weights at reset", () => {
    const model = new SupervisedModel({
      network: new CNNConfig({ inShape: [1, 8, 8], numOutputs: 1, convArgs: { channels: [2] } }),
      loss: new MSELossConfig(),
      optimizer: new AdamConfig({ freeze: "convolutions" }),
    });
    const sums = () =>
      [...model.network.namedParameters()].map(([name, p]) => [name, p.detach().sum().item()] as const);
    const before = new Map(sums());
    model.reset();
    for (const [name, sum] of sums()) {
      if (name.startsWith("convolutions")) expect(sum).toBe(before.get(name));
      else expect(sum).not.toBe(before.get(name));
    }
    expect(model).toBeInstanceOf(Model);
    model.dispose();
  });
  it("reconstructs", () => {
    using _scope = torch.scope();
    const model = new ReconstructionModel({
      network: { name_: "ConvEncoder", spatialDims: 2, inChannels: 1, channels: [2, 1], padding: 1 },
      loss: { name_: "MSELoss" },
      optimizer: { name_: "SGD" },
    });
    expect((model.forwardStep(new TestBatch({ image: torch.randn([2, 1, 6, 6]) })) as Tensor).item()).toBeGreaterThan(
      0,
    );
    expect(Object.keys(model.toDict())).toEqual(["name_", "network", "loss", "optimizer", "inferer"]);
    model.dispose();
  });
});
