import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { networkRegistry, ResNet18, ViT } from "../networks/index.ts";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { SupervisedModel } from "./index.ts";

const { nn } = torch;
const modelOf = (network: torch.nn.AnyModule, freeze: string[] = []) =>
  new SupervisedModel({
    network: network as torch.nn.Module,
    loss: { name_: "MSELoss" },
    optimizer: { name_: "SGD", freeze },
  });
/** Parameters and buffers, as numbers. */
function weights(network: torch.nn.AnyModule): Record<string, unknown> {
  using _scope = torch.scope();
  return Object.fromEntries([...network.stateDict()].map(([name, value]) => [name, value.toArray()]));
}
/** What training does: every weight and statistic is another. */
function train(network: torch.nn.AnyModule): void {
  using _scope = torch.scope();
  using _grad = torch.noGrad();
  for (const [, value] of network.stateDict()) value.add_(1);
}

/** As a vision transformer: weights of its own beside those of its layers. */
class Token extends nn.Module {
  token = new nn.Parameter(torch.ones([2]));
  inner = new nn.Linear(2, 2);
  resetParameters(): void {
    nn.init.normal_(this.token);
  }
  override forward(x: Tensor): Tensor {
    return this.inner.call(x).add(this.token);
  }
}
/** As a ResNet: the block initialises the layers it holds in a way of its own. */
class Block extends nn.Module {
  conv = new nn.Conv2d(1, 2, 3);
  norm = new nn.BatchNorm2d(2);
  constructor() {
    super();
    this.resetParameters();
  }
  resetParameters(): void {
    nn.init.constant_(this.conv.weight, 7);
  }
  override forward(x: Tensor): Tensor {
    return this.norm.call(this.conv.call(x));
  }
}

describe("Model.reset (D21)", () => {
  it("leaves nothing of a training, whatever the network", () => {
    const networks: Record<string, () => torch.nn.AnyModule> = {
      statistics: () => new nn.BatchNorm3d(2, { affine: false }),
      attention: () => new nn.MultiheadAttention(4, 2),
      token: () => new Token(),
      block: () => new Block(),
      ViT: () =>
        new ViT({ inShape: [1, 4, 4], patchSize: 2, numOutputs: 1, embeddingDim: 4, numHeads: 2, numLayers: 1 }),
      MLP: () => networkRegistry.get("MLP")!.fromDict(mlp).getObject(),
    };
    const mlp = {
      name_: "MLP",
      num_inputs: 2,
      num_outputs: 1,
      hidden_dims: [3],
      dropout: null,
      act: "prelu",
      output_act: null,
      norm: "batch",
      bias: true,
      adn_ordering: "NDA",
    };
    for (const [name, make] of Object.entries(networks)) {
      using model = modelOf(make());
      train(model.network);
      torch.manualSeed(1);
      model.reset();
      const after = weights(model.network);
      train(model.network);
      torch.manualSeed(1);
      model.reset();
      expect(weights(model.network), name).toEqual(after);
    }
  });
  it("gives a layer the values that its constructor gives, its holder's way of initialising included", () => {
    using model = modelOf(new Block());
    const fresh = weights(model.network);
    train(model.network);
    model.reset();
    const { "conv.bias": bias, ...rest } = weights(model.network);
    const { "conv.bias": first, ...expected } = fresh;
    expect(rest).toEqual(expected);
    // drawn anew, within PyTorch's bounds: 1/√(1·3·3)
    expect(bias).not.toEqual(first);
    for (const value of bias as number[]) expect(Math.abs(value)).toBeLessThan(1 / 3);
  });
  it("forgets gradients", () => {
    using model = modelOf(new nn.Linear(2, 2));
    {
      using _scope = torch.scope();
      (model.network.call(torch.ones([1, 2])) as Tensor).sum().backward();
    }
    model.reset();
    expect([...model.parameters()].every((p) => p.grad === null)).toBe(true);
  });
  it("puts the weights back that a network was pretrained with, and draws its last layer (D72)", () => {
    const dir = mkdtempSync(join(tmpdir(), "pretrained-"));
    try {
      using _scope = torch.scope();
      using source = new ResNet18({ numOutputs: 1000 });
      const theirs = [...source.stateDict()].map(([key, value]): [string, Tensor] => [
        key
          .replace("conv0.", "conv1.")
          .replace("norm0.", "bn1.")
          .replace(/norm(\d)/, "bn$1")
          .replace("fc.out", "fc"),
        value,
      ]);
      torch.save(new Map(theirs), join(dir, "resnet18.pth"));
      using model = modelOf(new ResNet18({ numOutputs: 2, pretrained: join(dir, "resnet18.pth") }));
      const head = weights(model.network)["fc.out.weight"];
      train(model.network);
      model.reset();
      for (const [key, value] of model.network.stateDict()) {
        if (!key.startsWith("fc.")) expect(torch.equal(value, source.stateDict().get(key) as Tensor), key).toBe(true);
      }
      expect(weights(model.network)["fc.out.weight"]).not.toEqual(head);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
  it("refuses weights that would go from one split to the next", () => {
    class Scale extends nn.Module {
      factor = new nn.Parameter(torch.ones([1]));
      override forward(x: Tensor): Tensor {
        return x.mul(this.factor);
      }
    }
    const network = new nn.Sequential();
    network.addModule("scale", new Scale());
    using model = modelOf(network);
    expect(() => model.reset()).toThrow(/'factor' of Scale \('network.scale'\).*resetParameters.*resetModel: false/);
    using frozen = modelOf(new Scale(), ["factor"]);
    frozen.reset();
  });
  it("keeps frozen weights, beside trainable ones of the same layer too", () => {
    const live = torch.memory.live().tensors;
    {
      using model = modelOf(new Block(), ["conv.weight", "norm.bias"]);
      train(model.network);
      const before = weights(model.network);
      model.reset();
      const after = weights(model.network);
      for (const name of ["conv.weight", "norm.bias"]) expect(after[name], name).toEqual(before[name]);
      for (const name of ["conv.bias", "norm.weight"]) expect(after[name], name).not.toEqual(before[name]);
      using whole = modelOf(new Block(), ["conv", "norm"]);
      train(whole.network);
      const frozen = weights(whole.network);
      whole.reset();
      expect(weights(whole.network)).toEqual(frozen);
    }
    expect(torch.memory.live().tensors).toBe(live);
  });
});
