import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatJson, loadConfig, saveConfig } from "../io/json/index.ts";
import { TestBatch } from "../metrics/fixtures/test-batch.ts";
import { VAEConfig } from "../networks/index.ts";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import {
  CannotReadFieldError,
  CannotReadJsonFieldError,
  MissingFieldsError,
  WrongFieldsError,
} from "../utils/exceptions.ts";
import { modelFromDict, ReconstructionModel, SupervisedModel } from "./index.ts";

const network = { name_: "MLP", numInputs: 2, numOutputs: 3, hiddenDims: [4], norm: null };

describe("VanillaModel", () => {
  const options = { network, loss: { name_: "MSELoss" }, optimizer: { name_: "Adam", lr: 0.5 } };
  it("is read strictly, naming what cannot be read", () => {
    using model = new SupervisedModel({ ...options, labelKey: "age" });
    const dict = model.toDict();
    for (const key of ["network", "loss", "optimizer", "inferer", "label_key"]) {
      const { [key]: _, ...rest } = dict;
      expect(() => modelFromDict(rest)).toThrow(MissingFieldsError);
      let error: unknown;
      try {
        modelFromDict({ ...dict, [key]: 3 });
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(CannotReadFieldError);
      expect((error as CannotReadFieldError).fieldNames).toEqual([key]);
    }
    expect(() => modelFromDict({ ...dict, epochs: 3 })).toThrow(WrongFieldsError);
    const { label_key: _, ...reconstruction } = dict;
    using other = modelFromDict({ ...reconstruction, name_: "ReconstructionModel" });
    expect(other).toBeInstanceOf(ReconstructionModel);
    expect(() => SupervisedModel.fromDict({ ...dict, name_: "ReconstructionModel" })).toThrow(/'ReconstructionModel'/);
    // what is wrong inside a field is said of the field
    expect(() => modelFromDict({ ...dict, loss: { name_: "MSELoss" } })).toThrow(/'loss'.*missing 'reduction'/);
  });
  it("takes what JSON cannot hold beside it", () => {
    const own = new torch.nn.Linear(2, 3);
    using model = new SupervisedModel({ ...options, network: own, labelKey: "age" });
    const dict = model.toDict();
    expect(dict.network).toBe("Linear");
    expect(() => modelFromDict(dict)).toThrow(/'network'.*'Linear'/);
    using read = SupervisedModel.fromDict(dict, { network: own, labelKey: "sex" });
    expect([read.network, read.labelKey]).toEqual([own, "sex"]);
    expect(read.toDict().optimizer).toEqual(dict.optimizer);
    using again = modelFromDict(dict, { network: own });
    expect((again as SupervisedModel).labelKey).toBe("age");
  });
  it("goes to a file and back", () => {
    const folder = mkdtempSync(join(tmpdir(), "models-"));
    const path = join(folder, "model.json");
    using model = new SupervisedModel(options);
    saveConfig(model, path);
    expect(() => saveConfig(model, path)).toThrow(/exists/);
    using read = loadConfig(SupervisedModel, path, { labelKey: "sex" });
    expect(read.toDict()).toEqual({ ...model.toDict(), label_key: "sex" });
    writeFileSync(path, formatJson({ ...model.toDict(), loss: "<function f>" }));
    expect(() => loadConfig(SupervisedModel, path)).toThrow(CannotReadJsonFieldError);
    expect(() => loadConfig(SupervisedModel, path)).toThrow(path);
    rmSync(folder, { recursive: true });
  });
  it("writes objects that are not configs by their text", () => {
    const own = new torch.nn.Linear(2, 3);
    function myLoss(a: Tensor, b: Tensor): Tensor {
      return a.sub(b).sum();
    }
    using model = new SupervisedModel({
      network: own,
      loss: myLoss,
      optimizer: new torch.optim.SGD([{ params: [own.weight], lr: 0.5 }]),
    });
    const { network: written, loss, optimizer } = model.toDict();
    expect([written, loss]).toEqual(["Linear", "<function myLoss>"]);
    expect(optimizer).toMatch(/^SGD \(\nParameter Group 0\n.*foreach: None\n.*lr: 0.5\n.*nesterov: False/s);
  });
  it("refuses misspelt options (D26) and values", () => {
    expect(() => new SupervisedModel({ ...options, lable: "age" } as never)).toThrow(/unknown option 'lable'/);
    expect(() => new ReconstructionModel({ ...options, labelKey: "age" } as never)).toThrow(/'labelKey'/);
    expect(() => new SupervisedModel({ ...options, labelKey: 3 as never })).toThrow(/'labelKey' got 3/);
    expect(() => new SupervisedModel({ ...options, optimizer: { name_: "Adam", learningRate: 1 } })).toThrow(
      /'learningRate'/,
    );
    for (const field of ["network", "loss", "optimizer", "inferer"]) {
      expect(() => new SupervisedModel({ ...options, [field]: 3 })).toThrow(new RegExp(`'${field}' got 3. Expected`));
      expect(() => new SupervisedModel({ ...options, [field]: { name_: "Nothing" } })).toThrow(/'Nothing'/);
    }
  });
  it("begins each training with the optimizer as it was passed", () => {
    using _scope = torch.scope();
    const own = new torch.nn.Linear(2, 3);
    const passed = new torch.optim.SGD([{ params: own.parameters(), name: "all" }], { lr: 0.5, momentum: 0.9 });
    using model = new SupervisedModel({ ...options, network: own, optimizer: passed });
    const batch = new TestBatch({ image: torch.randn([4, 2]), label: torch.randn([4, 3]) });
    const begun = () => JSON.stringify([passed.paramGroups, [...passed.stateDict().state.keys()]]);
    const before = begun();
    const { optimizer } = model.buildOptimizers();
    expect(optimizer).toBe(passed);
    const scheduler = new torch.optim.lrScheduler.ExponentialLR(passed, { gamma: 0.1 });
    model.backwardStep(model.forwardStep(batch));
    model.optimizationStep({ optimizer: passed });
    scheduler.step();
    expect(passed.stateDict().state.size).toBe(2);
    expect(passed.paramGroups[0]?.lr).toBeCloseTo(0.05);
    model.buildOptimizers();
    expect(begun()).toBe(before);
    batch.dispose();
    const foreign = new torch.optim.SGD(new torch.nn.Linear(2, 3).parameters());
    expect(() => new SupervisedModel({ ...options, network: own, optimizer: foreign })).toThrow(/not those of this/);
  });
  it("builds a new optimizer for each training, of the loss's parameters too", () => {
    class Scaled extends torch.nn.MSELoss {
      scale = new torch.nn.Parameter(torch.ones([1]));
      override forward(output: Tensor, target: Tensor): Tensor {
        return super.forward(output, target).mul(this.scale).sum();
      }
    }
    using model = new SupervisedModel({
      ...options,
      loss: new Scaled() as never,
      optimizer: { name_: "Adam", lr: { output: 1, ELSE: 2 } },
    });
    const [a, b] = [model.buildOptimizers(), model.buildOptimizers()];
    expect(a.optimizer).not.toBe(b.optimizer);
    expect(Object.keys(a)).toEqual(["optimizer"]);
    expect(a.optimizer?.paramGroups.map(({ name, params }) => [name, params.length])).toEqual([
      ["output", 2],
      ["ELSE", 4],
    ]);
    expect(() => model.optimizationStep({})).toThrow(/named 'optimizer'/);
    expect([...model.stateDict().keys()].at(-1)).toBe("loss.scale");
  });
  it("is recorded with the weights of its loss", () => {
    using model = new SupervisedModel({ ...options, loss: { name_: "BCEWithLogitsLoss", posWeight: [1, 2, 3] } });
    expect([...model.stateDict().keys()].filter((key) => !key.startsWith("network."))).toEqual(["loss.pos_weight"]);
  });
  it("refuses a VAE by its config, which does not compile either, and leaves nothing of it", () => {
    const live = torch.memory.live().tensors;
    const vae = new VAEConfig({ inShape: [1, 4, 4], latentSize: 2, convArgs: { channels: [] } });
    // @ts-expect-error
    expect(() => new ReconstructionModel({ ...options, network: vae })).toThrow(
      /'network' got \[VAEConfig\]. Expected a network that gives one tensor, to ReconstructionModel; a VAE gives three: use VAEModel/,
    );
    expect(torch.memory.live().tensors).toBe(live);
  });
  it("says what a network of several outputs needs (D22)", () => {
    using _scope = torch.scope();
    class Variational extends torch.nn.Module<[Tensor], Tensor[]> {
      inner = new torch.nn.Linear(2, 2);
      override forward(x: Tensor): Tensor[] {
        return [this.inner.call(x), x, x];
      }
    }
    using model = new ReconstructionModel({ ...options, network: new Variational() as never });
    const batch = new TestBatch({ image: torch.randn([4, 2]) });
    expect(() => model.forwardStep(batch)).toThrow(/one Tensor; Variational gives 3 values.*forwardStep/);
    batch.dispose();
  });
  it("counts a batch by what the mean of its loss divides by", () => {
    using _scope = torch.scope();
    using ordinal = new SupervisedModel({ ...options, loss: { name_: "CornLoss", numClasses: 4 } });
    const batch = new TestBatch({ image: torch.randn([3, 2]), label: torch.tensor([[0], [3], [1]]) });
    // the questions that each sample answers: 1, 3 and 2
    expect(ordinal.lossWeight(batch)).toBe(6);
    expect(ordinal.forwardStep(batch).item()).toBeGreaterThan(0);
    using quantity = new SupervisedModel(options);
    expect(quantity.lossWeight(batch)).toBeNull();
    batch.dispose();
  });
  it("predicts as it evaluates, and describes its network", () => {
    using _scope = torch.scope();
    using model = new SupervisedModel(options);
    const batch = new TestBatch({ image: torch.randn([4, 2]) });
    expect(torch.noGrad(() => model.predictionStep(batch))).toBe(batch);
    expect([...batch.getField("output").shape]).toEqual([4, 3]);
    expect(model.getSummary(batch)).toContain("Trainable params: 28");
    batch.dispose();
  });
  it("says what a batch of one sample needs, with the default normalisation (D52)", () => {
    using _scope = torch.scope();
    const { norm: _, ...normalised } = network;
    using model = new SupervisedModel({ ...options, network: normalised });
    const batch = new TestBatch({ image: torch.randn([1, 2]), label: torch.randn([1, 3]) });
    expect(() => model.forwardStep(batch)).toThrow(/more than 1 value per channel.*Use a larger batch/);
    batch.dispose();
  });
});
