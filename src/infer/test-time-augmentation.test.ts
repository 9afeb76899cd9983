import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Batch } from "../data/dataloader/index.ts";
import type { DataPoint } from "../data/structures/index.ts";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import {
  AsDiscreteConfig,
  ComposeConfig,
  CropConfig,
  RandomAffineConfig,
  RandomFlipConfig,
  RandomNoiseConfig,
} from "../transforms/index.ts";
import { Rng, type TransformRecord } from "../transforms/types.ts";
import { network, point } from "./fixtures/images.ts";
import { infererRegistry, PatchesToImageInferer, SimpleInferer, TestTimeAugmentation } from "./index.ts";

let live = torch.memory.live();
beforeEach(() => {
  live = torch.memory.live();
});
afterEach(() => expect(torch.memory.live()).toEqual(live));

const simple = new SimpleInferer();

class Same extends torch.nn.Module {
  override call(x: Tensor): Tensor {
    return x.alias();
  }
}
/** Scores that depend on where the voxels are. */
class Scores extends torch.nn.Module {
  override call(x: Tensor): Tensor {
    const flat = x.flatten(1);
    const places = torch.arange(flat.shape[1] ?? 0, { dtype: "float32" });
    return torch.stack([flat.mul(places).sum([1]), flat.sum([1])], 1);
  }
}

/** The largest difference of the output from what is expected, as a share of the largest value. */
function difference(output: Tensor, expected: Tensor): number {
  expect(output.shape).toEqual(expected.shape);
  return output.sub(expected).abs().max().item() / expected.abs().max().item();
}

function outputOf(inferer: TestTimeAugmentation, sample: DataPoint, net: torch.nn.Module, name = "output"): Tensor {
  inferer.call(sample, net);
  return sample.getField(name) as Tensor;
}

const SUBSETS = [[], [1], [3], [1, 3]];

describe("mirroring", () => {
  it("gives the mean of the outputs of all combinations of axes, each mirrored back", () => {
    using net = network(3, 1, 2);
    using sample = point([1, 1, 4, 5, 3]);
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    const image = sample.image.tensor.unsqueeze(0);
    const all = SUBSETS.map((dims) => net.call(image.flip(dims.map((d) => d + 1))).flip(dims.map((d) => d + 1)));
    const inferer = new TestTimeAugmentation({ inferer: simple, mirrorAxes: [0, 2], spreadName: "spread" });
    expect(difference(outputOf(inferer, sample, net), torch.stack(all).mean([0]).squeeze(0))).toBeLessThan(1e-6);
    const spread = torch
      .stack(all)
      .sub(torch.stack(all).mean([0]))
      .square()
      .mean([0])
      .sqrt()
      .squeeze(0);
    expect(difference(sample.getField("spread") as Tensor, spread)).toBeLessThan(1e-5);
  });

  it("averages scores as they are", () => {
    using net = new Scores();
    using batch = new Batch([point([1, 1, 4, 5, 3]), point([1, 1, 4, 5, 3], 1)]);
    using _scope = torch.scope();
    const images = batch.getField("image");
    const all = SUBSETS.map((dims) => net.call(images.flip(dims.map((d) => d + 1))));
    new TestTimeAugmentation({ inferer: simple, mirrorAxes: [2, 0] }).call(batch, net);
    expect(difference(batch.getField("output"), torch.stack(all).mean([0]))).toBeLessThan(1e-6);
  });

  it("mirrors squeezed slices within their plane, through patches, too", () => {
    using net = network(2, 1, 1);
    using sample = point([1, 1, 6, 7], 0, true);
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    const inferer = new PatchesToImageInferer({ patchSize: 4 });
    const passed = (image: Tensor): Tensor => {
      using batch = new Batch([point([1, 1, 6, 7], 0, true)]);
      batch.get(0).image.tensor.dispose();
      batch.get(0).image.tensor = image.unsqueeze(1);
      return inferer.call(batch, net).getField("output");
    };
    const image = sample.getImageTensor("image");
    const expected = passed(image)
      .add(passed(image.flip([2])).flip([3]))
      .div(2);
    const augmented = new TestTimeAugmentation({ inferer, mirrorAxes: [2] });
    expect(difference(outputOf(augmented, sample, net), expected.squeeze(0))).toBeLessThan(1e-6);
  });
});

describe("drawn variants", () => {
  it("are those of the seed, whatever the batch, and undone before the mean", () => {
    using net = network(3, 1, 1);
    const flip = new RandomFlipConfig({ axes: [0, 1, 2] });
    const noise = new RandomNoiseConfig({ std: 2 });
    const inferer = new TestTimeAugmentation({ inferer: simple, transforms: [noise, flip], n: 3, seed: 5 });
    using batch = new Batch([point([1, 1, 4, 5, 3], 1), point([1, 1, 4, 5, 3])]);
    using sample = point([1, 1, 4, 5, 3]);
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    const all = [net.call(sample.image.tensor.unsqueeze(0))];
    for (let i = 0; i < 3; i++) {
      const rng = new Rng(5, i);
      const copy = flip.getObject().apply(noise.getObject().apply(sample.copy(), rng), rng);
      const { flipped } = (copy.history[1] as TransformRecord).parameters as { flipped: number[] };
      all.push(net.call(copy.image.tensor.unsqueeze(0)).flip(flipped.map((axis) => axis + 2)));
    }
    const expected = torch.stack(all).mean([0]).squeeze(0);
    expect(difference(outputOf(inferer, sample, net), expected)).toBeLessThan(1e-6);
    inferer.call(batch, net);
    expect(difference(batch.get(1).getField("output") as Tensor, expected)).toBeLessThan(1e-6);
    expect(difference(outputOf(inferer.with({ seed: 6 }), sample, net), expected)).toBeGreaterThan(1e-3);
  });

  it.each([
    ["a movement by whole voxels", { scales: [1, 1], degrees: 0, translation: [1, 1] }],
    ["a rotation by right angles", { scales: [1, 1], degrees: [0, 0, 90, 90, 0, 0], translation: 0 }],
  ] as const)("come back exactly from %s; what was not seen does not count", (_, options) => {
    using net = new Same();
    using sample = point([1, 1, 5, 5, 5]);
    using _scope = torch.scope();
    const transforms = [new RandomAffineConfig({ ...options, defaultPadValue: 1000 } as never)];
    const inferer = new TestTimeAugmentation({ inferer: simple, transforms, n: 2, spreadName: "spread" });
    expect(difference(outputOf(inferer, sample, net), sample.image.tensor)).toBeLessThan(1e-4);
    const spread = sample.getField("spread") as Tensor;
    expect(spread.max().item()).toBeLessThan(1e-2);
  });

  it("come back from any affine: the middle of a smooth image is where it was", () => {
    using net = new Same();
    using sample = point([1, 1, 16, 16, 16]);
    using _scope = torch.scope();
    const ramp = torch.arange(16, { dtype: "float32" });
    const image = ramp
      .reshape([16, 1, 1])
      .add(ramp.reshape([16, 1]).mul(2))
      .sub(ramp)
      .unsqueeze(0);
    sample.image.tensor.dispose();
    sample.image.tensor = image;
    const transforms = [new RandomAffineConfig({ scales: 0.2, degrees: 20, translation: 1 })];
    const inferer = new TestTimeAugmentation({ inferer: simple, transforms, n: 4 });
    const middle = (tensor: Tensor): Tensor => [1, 2, 3].reduce((part, dim) => part.narrow(dim, 6, 4), tensor);
    // linear interpolation gives linear images exactly, but for rounding
    expect(difference(middle(outputOf(inferer, sample, net)), middle(image))).toBeLessThan(1e-5);
  });
});

it("goes to JSON and back, and is what a plain object says", () => {
  const inferer = new TestTimeAugmentation({
    inferer: new PatchesToImageInferer({ patchSize: 4 }),
    mirrorAxes: [0, 1],
    transforms: [new RandomFlipConfig({ axes: [0] })],
    n: 2,
    postprocessing: [new AsDiscreteConfig({ include: ["output"], threshold: 0.5 })],
  });
  const dict = inferer.toDict();
  expect(dict).toMatchObject({ name_: "TestTimeAugmentation", mirror_axes: [0, 1], n: 2, spread_name: null });
  expect(infererRegistry.read("A model", "inferer", dict).toDict()).toEqual(dict);
  const plain = infererRegistry.from("'inferer'", {
    name_: "TestTimeAugmentation",
    inferer: { name_: "SimpleInferer" },
    mirrorAxes: [0],
  });
  expect(plain?.toDict()).toMatchObject({ inferer: { name_: "SimpleInferer" } });
});

it("refuses what it cannot undo, before anything is computed", () => {
  const make = (options: object) => () => new TestTimeAugmentation({ inferer: simple, ...options });
  expect(make({ transforms: [new CropConfig({ cropping: 1 })], n: 1 })).toThrow("has Crop, which cannot be undone");
  expect(make({ transforms: [new RandomFlipConfig({ include: ["image"] })], n: 1 })).toThrow(
    "RandomFlip with 'include'",
  );
  const flip = new RandomFlipConfig();
  for (const parts of [[flip, flip], [flip.with({ include: ["image"] })]]) {
    const once = new ComposeConfig({ transforms: parts, once: true });
    expect(make({ transforms: [once], n: 1 })).toThrow("has Compose, which cannot be undone");
  }
  expect(make({ transforms: [<T>(x: T): T => x], n: 1 })).toThrow("which cannot be undone");
  // the mean of classes 0 and 2 is not class 1
  const likeliest = new AsDiscreteConfig({ include: ["output"], argmax: true });
  const channels = new AsDiscreteConfig({ include: ["output"], toOnehot: 3 });
  const after = (...postprocessing: AsDiscreteConfig[]) => new SimpleInferer({ postprocessing });
  expect(make({ inferer: after(likeliest) })).toThrow(/SimpleInferer decides for a class.*Give AsDiscrete to/);
  expect(make({ inferer: after(likeliest, channels) })).not.toThrow();
  expect(make({ n: 2 })).toThrow("'n' is 2 with 0 transforms");
  expect(make({ mirrorAxes: [0, 0] })).toThrow("Name each axis once");
  expect(make({ spreadName: "output" })).toThrow("are both 'output'");
  expect(make({ inferer: { call: () => null, toDict: () => ({}) } })).toThrow("an inferer that has an outputName");
});

it("says when an output cannot be moved back", () => {
  using net = network(3, 1, 1, 2);
  using sample = point([1, 1, 4, 4, 4]);
  const moving = new TestTimeAugmentation({ inferer: simple, transforms: [new RandomAffineConfig()], n: 1 });
  expect(() => moving.call(sample, net)).toThrow("has 2×2×2 voxels and its image 4×4×4");
});
