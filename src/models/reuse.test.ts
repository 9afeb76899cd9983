import { describe, expect, it } from "vitest";
import { lossRegistry } from "../losses/index.ts";
import { AutoEncoder, CNN, ConvEncoder, type NetworkConfig, networkRegistry } from "../networks/index.ts";
import { AdamConfig, optimizerRegistry } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { modelFromDict, ReconstructionModel, SupervisedModel } from "./index.ts";

const { nn, optim } = torch;
const convArgs = { channels: [2, 3], poolingIndices: [0], norm: "batch" as const };
const cnn = () =>
  new CNN({ inShape: [1, 12, 12], numOutputs: 2, convArgs, mlpArgs: { hiddenDims: [4], dropout: 0.1 } });
const modelOf = (network: torch.nn.Module, loss: unknown = new nn.MSELoss()) =>
  new SupervisedModel({ network, loss: loss as torch.nn.MSELoss, optimizer: new AdamConfig() });

/** Options with which each network can be made. */
const options: Record<string, object> = {
  MLP: { numInputs: 4, numOutputs: 1, hiddenDims: [3], norm: null },
  ConvEncoder: { spatialDims: 2, inChannels: 1, ...convArgs },
  ConvDecoder: { spatialDims: 2, inChannels: 3, channels: [2, 1] },
  CNN: { inShape: [1, 12, 12], numOutputs: 2, convArgs },
  Generator: { latentSize: 3, startShape: [2, 4, 4], convArgs: { channels: [2, 1] } },
  AutoEncoder: { inShape: [1, 12, 12], latentSize: 3, convArgs },
  VAE: { inShape: [1, 12, 12], latentSize: 3, convArgs },
  DenseNet: { spatialDims: 2, inChannels: 1, numOutputs: 2, nDenseLayers: [1, 1], growthRate: 2, initFeatures: 2 },
  ViT: { inShape: [1, 12, 12], patchSize: 6, numOutputs: 2, embeddingDim: 4, numLayers: 1, numHeads: 2, mlpDim: 3 },
};

describe("a network that is used again is recorded as the config that makes it", () => {
  it.each(networkRegistry.names.filter((name) => name in options))("%s", (name) => {
    const config = networkRegistry.get(name)!.fromOptions(options[name] ?? {});
    const network = config.getObject() as torch.nn.Module;
    expect(modelOf(network).toDict().network).toEqual(config.toDict());
    // wherever it is, and of whatever type
    network.to({ dtype: "float64" });
    network.to({ memoryFormat: "channels_last" });
    network.eval().requiresGrad_(false);
    expect(modelOf(network).toDict().network).toEqual(config.toDict());
    network.dispose();
  });

  it("of another model, and a part of a larger one; the model can be read back", () => {
    const old = modelOf(cnn());
    const again = modelOf(old.network);
    using read = modelFromDict(again.toDict() as JsonObject);
    expect(read).toHaveProperty("network", expect.any(CNN));
    expect(read.toDict()).toEqual(old.toDict());
    const { convolutions } = old.network as CNN;
    expect((modelOf(convolutions).toDict().network as JsonObject).name_).toBe("ConvEncoder");
    using auto = new AutoEncoder({ inShape: [1, 12, 12], latentSize: 3, convArgs });
    expect((modelOf(auto.encoder).toDict().network as JsonObject).name_).toBe("CNN");
    old.dispose();
  });

  it("draws no random number, and leaves nothing behind", () => {
    const model = modelOf(cnn());
    const before = torch.memory.live().tensors;
    torch.manualSeed(1);
    model.toDict();
    using drawn = torch.rand([2]);
    torch.manualSeed(1);
    using expected = torch.rand([2]);
    expect(drawn.toArray()).toEqual(expected.toArray());
    expect(torch.memory.live().tensors).toBe(before + 2);
    model.dispose();
  });
});

describe("a network that is not what its config makes is not recorded as that", () => {
  class MyCNN extends CNN {}
  const changes: Record<string, () => torch.nn.Module> = {
    "one layer more": () => {
      const network = cnn();
      network.addModule("more", new nn.ReLU());
      return network;
    },
    "a layer of another size": () => {
      const network = cnn();
      (network.getSubmodule("mlp.output") as unknown as { linear: torch.nn.Module }).linear = new nn.Linear(4, 2, {
        bias: false,
      });
      return network;
    },
    "another option": () => {
      const network = cnn();
      for (const module of network.modules()) if (module instanceof nn.BatchNorm2d) Reflect.set(module, "eps", 0.1);
      return network;
    },
    "a forward of its own": () => {
      const network = cnn();
      network.forward = (x) => x;
      return network;
    },
    "a class of one's own": () => new MyCNN({ inShape: [1, 12, 12], numOutputs: 2, convArgs }),
  };
  it.each(Object.entries(changes))("%s", (_, make) => {
    const network = make();
    expect(modelOf(network).toDict().network).toBe(network.constructor.name);
    network.dispose();
  });

  it("changed after the model was made of a config", () => {
    const config = cnn().config as unknown as NetworkConfig;
    using model = new SupervisedModel({ network: config, loss: { name_: "MSELoss" }, optimizer: new AdamConfig() });
    expect(model.toDict().network).toEqual(config.toDict());
    model.network.addModule("more", new nn.ReLU());
    expect(model.toDict().network).toBe("CNN");
  });
});

describe("losses and optimizers that were passed themselves", () => {
  /** What some must be given. */
  const needed: Record<string, object> = { CornLoss: { numClasses: 4 }, SSIMLoss: { spatialDims: 2 } };
  it.each(lossRegistry.names)("%s is recorded as its config", (name) => {
    const Class = lossRegistry.get(name)!;
    const reduced = "reduction" in (Class.schema?.shape ?? {}) ? { reduction: "sum" } : {};
    const config = Class.fromOptions({ ...reduced, ...needed[name] });
    using loss = config.getObject();
    using network = cnn();
    expect(modelOf(network, loss).toDict().loss).toEqual(config.toDict());
  });

  it.each([
    { name_: "CoxPHLoss", ties: "breslow" },
    { name_: "ContrastiveLoss", temperature: 0.1 },
    { name_: "DiceCELoss", lambdaDice: 2, sigmoid: false },
    { name_: "DiceFocalLoss", lambdaFocal: 3 },
    { name_: "DiceLoss", sigmoid: true, weight: [1, 2] },
    { name_: "ELBOLoss", beta: 4 },
    { name_: "FocalLoss", gamma: 1 },
    { name_: "HausdorffDTLoss", alpha: 1 },
    { name_: "SSIMLoss", spatialDims: 3, kernelSigma: 2 },
    { name_: "TverskyLoss", alpha: 0.3 },
  ])("with the options that it has: %o", (given) => {
    using network = cnn();
    const config = lossRegistry.from("'loss'", given)!;
    using loss = config.getObject();
    expect(modelOf(network, loss).toDict().loss).toEqual(config.toDict());
    if (loss instanceof nn.Module) loss.forward = () => torch.zeros([]);
    expect(modelOf(network, loss).toDict().loss).toBe(given.name_);
  });

  it("with weights; not where the config would make another one", () => {
    using network = cnn();
    const weighted = () => new nn.CrossEntropyLoss({ weight: torch.tensor([1, 3]).keep(), labelSmoothing: 0.25 });
    const [loss, changed] = [weighted(), weighted()];
    const { weight, label_smoothing } = modelOf(network, loss).toDict().loss as JsonObject;
    expect({ weight, label_smoothing }).toEqual({ weight: [1, 3], label_smoothing: 0.25 });
    changed.forward = (x) => x;
    expect(modelOf(network, changed).toDict().loss).toBe("CrossEntropyLoss");
    class Mine extends nn.MSELoss {}
    expect(modelOf(network, new Mine()).toDict().loss).toBe("Mine");
    using none = new nn.MSELoss({ reduction: "none" });
    expect(modelOf(network, none).toDict().loss).toBe("MSELoss");
    loss.dispose();
    changed.dispose();
  });

  it.each(optimizerRegistry.names)("%s is recorded as its config, as it was passed", (name) => {
    using network = cnn();
    const config = optimizerRegistry.get(name)!.fromOptions({ lr: 0.25, weightDecay: 0.5 });
    const optimizer = config.getObject(network);
    const model = new ReconstructionModel({ network, loss: { name_: "MSELoss" }, optimizer });
    for (const group of optimizer.paramGroups) group.lr = 1;
    expect(model.toDict().optimizer).toEqual(config.toDict());
  });

  it("but not an optimizer of some parameters, or in groups", () => {
    using network = cnn();
    const [first, ...rest] = [...network.parameters()];
    for (const params of [[first!], [{ params: [first!], lr: 1 }, { params: rest }]]) {
      const optimizer = new optim.SGD(params as torch.nn.Parameter[], { lr: 0.1 });
      const model = new SupervisedModel({ network, loss: new nn.MSELoss(), optimizer });
      expect(typeof model.toDict().optimizer).toBe("string");
    }
  });

  it("a model that is made of parts of another one only can be read back", () => {
    const old = modelOf(cnn(), new nn.BCEWithLogitsLoss());
    const optimizer = new optim.Adam([...old.network.parameters()], { lr: 0.1 });
    const again = new SupervisedModel({ network: old.network, loss: old.loss, optimizer, inferer: old.inferer });
    using read = modelFromDict(again.toDict() as JsonObject);
    expect(read.toDict()).toEqual(again.toDict());
    expect(read).not.toHaveProperty("network", expect.any(ConvEncoder));
    old.dispose();
  });
});
