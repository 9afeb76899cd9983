import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Batch } from "../data/dataloader/index.ts";
import * as torch from "../torch/index.ts";
import { AsDiscreteConfig } from "../transforms/index.ts";
import { network, point } from "./fixtures/images.ts";
import { PatchesToImageInferer, SimpleInferer, SlicesToImageInferer } from "./index.ts";

let live = torch.memory.live();
beforeEach(() => {
  live = torch.memory.live();
});
afterEach(() => expect(torch.memory.live()).toEqual(live));

const inferers = [
  new SimpleInferer(),
  new PatchesToImageInferer({ patchSize: 3, batchSize: 2 }),
  new SlicesToImageInferer({ sliceDirection: 1 }),
];

/** A network of any number of dimensions: it doubles. */
class Doubling extends torch.nn.Module {
  override call(x: torch.Tensor): torch.Tensor {
    return x.mul(2);
  }
}

describe.each(inferers.map((inferer) => [inferer.name_, inferer] as const))("%s", (_, inferer) => {
  it("adds the output in its name and kind, and leaves the image", () => {
    using net = new Doubling();
    for (const outputType of ["tensor", "image", "mask"] as const) {
      using batch = new Batch([point([1, 1, 4, 5, 3]), point([1, 1, 4, 5, 3], 1)]);
      expect(inferer.with({ outputType, outputName: "out" }).call(batch, net)).toBe(batch);
      using _scope = torch.scope();
      expect(torch.equal(batch.getField("out"), batch.getField("image").mul(2))).toBe(true);
      const kind = batch.get(1).images.get("out")?.kind;
      expect(kind).toBe({ tensor: undefined, image: "scalar", mask: "label" }[outputType]);
    }
  });

  it("takes a data point as a batch of one", () => {
    using net = new Doubling();
    using sample = point([1, 1, 4, 5, 3]);
    inferer.call(sample, net);
    inferer.call(sample, net); // again: what was there is given back
    using _scope = torch.scope();
    expect(torch.equal(sample.getField("output") as torch.Tensor, sample.image.tensor.mul(2))).toBe(true);
  });

  it("post-processes the output, of a data point too", () => {
    using net = new Doubling();
    const postprocessing = [new AsDiscreteConfig({ include: ["output"], threshold: 0 })];
    for (const postprocessingOnCpu of [false, true]) {
      using sample = point([1, 1, 4, 5, 3]);
      using _scope = torch.scope();
      inferer.with({ postprocessing, postprocessingOnCpu } as never).call(sample, net);
      const output = sample.getField("output") as torch.Tensor;
      expect(torch.equal(output, sample.image.tensor.ge(0).to({ dtype: output.dtype }))).toBe(true);
    }
  });

  it("says what a network gave that cannot be an output", () => {
    class Two extends torch.nn.Module<[torch.Tensor], torch.Tensor[]> {
      override call(x: torch.Tensor): torch.Tensor[] {
        return [x, x];
      }
    }
    using net = new Two() as never as torch.nn.Module;
    using sample = point([1, 1, 4, 5, 3]);
    expect(() => inferer.call(sample, net)).toThrow(`${inferer.name_}: the network gave 2 values`);
  });
});

describe("outputs of windows that cannot be put together", () => {
  it("are named, when they are no images", () => {
    class Mean extends torch.nn.Module {
      override call(x: torch.Tensor): torch.Tensor {
        return x.flatten(1).mean([1]);
      }
    }
    using net = new Mean();
    using sample = point([1, 1, 4, 5, 3]);
    expect(() => inferers[1]?.call(sample, net)).toThrow(
      "for windows of 3×3×3 voxels the network gave an output of shape (2)",
    );
    expect(() => inferers[2]?.call(sample, net)).toThrow("the network gave an output of shape (1)");
  });

  it("are named, when a window lies between voxels of the output", () => {
    using net = network(3, 1, 1, 2);
    using sample = point([1, 1, 7, 8, 8]);
    const inferer = new PatchesToImageInferer({ patchSize: 4, overlap: 0.5 });
    expect(() => inferer.call(sample, net)).toThrow("begins at voxel 3, 0, 0 would lie between voxels of the output");
  });

  it("are named, when the images have too few dimensions", () => {
    using net = new Doubling();
    using sample = point([1, 1, 4, 5], 0, true);
    expect(() => inferers[2]?.call(sample, net)).toThrow("have shape (1, 1, 4, 5). Expected (N, C, D, H, W)");
  });
});

it("windows take no more memory than the image, its output, one channel of weights, and the window", () => {
  // as many voxels as a brain at 1 mm; powers of two, which allocators do not round
  const shape = [1, 1, 128, 256, 256];
  const voxels = 128 * 256 * 256;
  const window = 64 ** 3;
  using net = network(3, 1, 2);
  using sample = point(shape);
  using _grad = torch.noGrad();
  const before = torch.memory.live();
  torch.memory.resetPeakMemoryStats();
  const inferer = new PatchesToImageInferer({ patchSize: 64, avgMode: "gaussian", batchSize: 2 });
  inferer.call(sample, net);
  const peak = torch.memory.maxMemoryAllocated() - before.bytes;
  const [output, weights] = [2 * voxels * 4, voxels * 4];
  // inputs and outputs of two windows, several times over for what the convolution makes of them
  const passing = 2 * 3 * window * 4 * 8;
  expect(peak).toBeGreaterThanOrEqual(output + weights);
  expect(peak).toBeLessThan(output + weights + passing);
  expect(torch.memory.live().bytes - before.bytes).toBe(output);
});

it("refuses options that say nothing", () => {
  expect(() => new PatchesToImageInferer({ patchSize: 4, overlap: 1 })).toThrow("Give an overlap below 1");
  expect(() => new PatchesToImageInferer({ patchSize: 0 })).toThrow("'patchSize' got 0");
  expect(() => new SlicesToImageInferer({ sliceDirection: 3 as never })).toThrow("'sliceDirection' got 3");
});
