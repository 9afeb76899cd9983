/** Shapes found with one image in the place of all, beside those of a run with all of them. */
import { describe, expect, it } from "vitest";
import { leavingNoTensor } from "../fixtures/leaving-no-tensor.ts";
import * as torch from "../index.ts";
import { nn, type Tensor } from "../index.ts";
import type { AnyModule } from "./module.ts";
import { oneForAll } from "./one-for-all.ts";

class Chain extends nn.Module {
  layers = new nn.Sequential(
    new nn.Conv3d(1, 4, 3, { padding: 1 }),
    new nn.BatchNorm3d(4),
    new nn.ReLU(),
    new nn.MaxPool3d(2),
    new nn.Conv3d(4, 6, 3, { stride: 2 }),
    new nn.GroupNorm(2, 6),
    new nn.GELU(),
    new nn.ConvTranspose3d(6, 4, 2, { stride: 2 }),
    new nn.InstanceNorm3d(4),
    new nn.Dropout(0.5),
    new nn.AdaptiveAvgPool3d(2),
    new nn.Flatten(),
    new nn.Linear(32, 5),
    new nn.Softmax(1),
  );
  override forward(x: Tensor): Tensor {
    return this.layers.call(x);
  }
}

/** What stands for all images cannot be changed in place. */
class InPlace extends nn.Module {
  first = new nn.Conv2d(1, 3, 3, { padding: 1 });
  second = new nn.Conv2d(3, 3, 1);
  override forward(x: Tensor): Tensor {
    const features = this.first.call(x);
    return this.second.call(features.add_(features.detach()));
  }
}

/** The first dimension is not that of the images everywhere. */
class Turned extends nn.Module {
  conv = new nn.Conv2d(1, 3, 3, { padding: 1 });
  columns = new nn.Linear(4, 7);
  norm = new nn.BatchNorm1d(7);
  override forward(x: Tensor): Tensor {
    const columns = this.conv.call(x).permute([1, 2, 0, 3]).reshape([-1, 4]);
    return this.norm.call(this.columns.call(columns));
  }
}

/** A subclass may mix the images. */
class Mixing extends nn.Conv2d {
  override forward(x: Tensor): Tensor {
    return super.forward(x.sum([0], true)).expand([x.shape[0]! + 1, -1, -1, -1]);
  }
}

const networks: readonly (readonly [string, () => nn.Module, readonly number[]])[] = [
  ["a chain", () => new Chain(), [3, 1, 12, 10, 14]],
  ["a chain that is given one image", () => new Chain(), [1, 1, 12, 10, 14]],
  ["a convolution without a batch", () => new nn.Conv3d(2, 4, 3), [2, 5, 6, 7]],
  ["a change in place", () => new InPlace(), [3, 1, 5, 4]],
  ["images in another place", () => new Turned(), [3, 1, 5, 4]],
  ["a layer that mixes images", () => new nn.Sequential(new Mixing(1, 2, 1), new nn.ReLU()), [3, 1, 5, 4]],
];

/** The shapes of what all modules make, in the order in which they are called. */
function shapesOf(network: nn.Module, input: Tensor): string[] {
  const found: string[] = [];
  for (const module of network.modules()) {
    const at: number[] = [];
    module.registerForwardPreHook(() => {
      at.push(found.push("") - 1);
      return undefined;
    });
    module.registerForwardHook((_module: AnyModule, _inputs: unknown, output: unknown) => {
      found[at.pop()!] = `[${(output as Tensor).shape.join(", ")}]`;
    });
  }
  network.eval();
  using _grad = torch.noGrad();
  network.call(input);
  return found;
}

describe.each(networks)("%s", (_name, build, shape) => {
  it("has the shapes of a run with all images", () => {
    leavingNoTensor(() => {
      using _scope = torch.scope();
      using network = build();
      const input = torch.randn([...shape]);
      const table = nn.summary(network, input, { depth: 9 });
      expect(table.match(/\[[\d, ]+\]/g)).toEqual(shapesOf(network, input));
    });
  });
});

it("one image goes through a layer, and what comes of it is in memory once", () => {
  leavingNoTensor(() => {
    using _scope = torch.scope();
    using conv = new nn.Conv2d(1, 3, 3);
    const images = torch.randn([4, 1, 8, 9]);
    const taken = oneForAll(conv, [images])!;
    expect(taken.input.shape).toEqual([1, 1, 8, 9]);
    const all = taken.finish(conv.call(taken.input));
    expect([all.shape, all.stride()[0]]).toEqual([[4, 3, 6, 7], 0]);
    expect(all.select(0, 3).allclose(conv.call(images).select(0, 0), 1e-4, 1e-5)).toBe(true);
  });
});

it("all images go through a layer with a hook, or with a way to compute of its own", () => {
  leavingNoTensor(() => {
    using _scope = torch.scope();
    const [hooked, own] = [new nn.Conv2d(1, 3, 3), new nn.ReLU()];
    using network = new nn.Sequential(hooked, own);
    const seen: number[] = [];
    hooked.registerForwardHook((_module: AnyModule, _inputs: unknown, output: unknown) => {
      seen.push((output as Tensor).shape[0]!);
    });
    own.forward = (x) => {
      seen.push(x.shape[0]!);
      return x.relu();
    };
    nn.summary(network, torch.zeros([4, 1, 8, 8]));
    expect(seen).toEqual([4, 4]);
  });
});

it("an error of a network is its own", () => {
  leavingNoTensor(() => {
    using _scope = torch.scope();
    using network = new nn.Sequential(new nn.Conv2d(1, 3, 3), new nn.BatchNorm2d(4));
    expect(() => nn.summary(network, torch.zeros([2, 1, 8, 8]))).toThrow(/running_mean|4/);
    expect(network.training).toBe(true);
  });
});
