import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Batch } from "../data/dataloader/index.ts";
import type { DataPoint } from "../data/structures/index.ts";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { ActivationsConfig } from "../transforms/index.ts";
import { point } from "./fixtures/images.ts";
import { addedFieldOf, infererRegistry, SaliencyInferer } from "./index.ts";

interface Case {
  readonly options: {
    readonly method: "gradient" | "input_x_gradient" | "integrated_gradients";
    readonly target: number | null;
    readonly abs: boolean | null;
    readonly baseline: number;
    readonly n_steps: number;
  };
  readonly shape: readonly number[];
  readonly outputs: number;
  readonly output: readonly number[];
  readonly map: readonly number[];
}

const cases = JSON.parse(readFileSync(new URL("golden/saliency.json", import.meta.url), "utf8")) as Case[];

let live = torch.memory.live();
beforeEach(() => {
  live = torch.memory.live();
});
afterEach(() => expect(torch.memory.live()).toEqual(live));

/** The network of test/golden/saliency_golden.py. */
function curved(shape: readonly number[], outputs: number): torch.nn.Sequential {
  const [, channels = 1, ...size] = shape;
  const flat = size.length === 2;
  const [Conv, Pool] = flat ? [torch.nn.Conv2d, torch.nn.AvgPool2d] : [torch.nn.Conv3d, torch.nn.AvgPool3d];
  const features = 3 * size.map((n) => Math.floor(n / 2) - 1).reduce((product, n) => product * n, 1);
  const net = new torch.nn.Sequential(
    new Conv(channels, 4, 3, { padding: 1 }),
    new torch.nn.ELU(),
    new Pool(2),
    new Conv(4, 3, 2),
    new torch.nn.Tanh(),
    new torch.nn.Flatten(),
    new torch.nn.Linear(features, outputs),
  );
  net.eval();
  using _scope = torch.scope();
  using _grad = torch.noGrad();
  for (const parameter of net.parameters()) {
    const values = Float32Array.from({ length: parameter.numel() }, (_, n) => ((n * 13) % 17) - 8);
    parameter.copy_(torch.tensor(values).div(40).reshape(parameter.shape));
  }
  return net;
}

function batchOf(shape: readonly number[]): Batch<DataPoint> {
  return new Batch(Array.from({ length: shape[0] ?? 0 }, (_, i) => point(shape, i, shape.length === 4)));
}

function difference(found: Tensor, expected: readonly number[]): number {
  const values = Array.from(found.flatten().toTypedArray() as Float32Array);
  expect(values).toHaveLength(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...values.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)))) / largest;
}

describe("SaliencyInferer", () => {
  it.each(cases.map((c) => [`${JSON.stringify(c.options)} ${c.shape.join("×")} ${c.outputs}`, c] as const))(
    "gives Captum's map: %s",
    (_, { options, shape, outputs, output, map }) => {
      const { n_steps: nSteps, ...rest } = options;
      const inferer = new SaliencyInferer({ ...rest, nSteps });
      using net = curved(shape, outputs);
      using batch = batchOf(shape);
      using _scope = torch.scope();
      // as a Trainer calls it
      torch.noGrad(() => inferer.call(batch, net));
      expect(difference(batch.getField("output"), output)).toBeLessThan(1e-5);
      const found = batch.getField("saliency");
      expect(found.shape).toEqual(shape);
      expect(difference(found, map)).toBeLessThan(1e-4);
      expect([...net.parameters()].every(({ grad }) => grad === null)).toBe(true);
      expect(batch.get(0).getImage("saliency").affine).toEqual(batch.get(0).image.affine);
    },
  );

  it("gives integrated gradients whose sum is the difference from the baseline", () => {
    using net = curved([1, 1, 6, 8, 7], 1);
    using sample = point([1, 1, 6, 8, 7]);
    using _scope = torch.scope();
    new SaliencyInferer({ method: "integrated_gradients", baseline: 2, nSteps: 200 }).call(sample, net);
    const image = sample.image.tensor.unsqueeze(0);
    const [here, there] = torch.noGrad(() => [net.call(image), net.call(torch.fullLike(image, 2))]);
    const expected = here.sub(there).item();
    expect(sample.getImageTensor("saliency").sum().item() / expected).toBeCloseTo(1, 2);
  });

  it("explains what the network gives, before the post-processing", () => {
    using net = curved([1, 1, 6, 8, 7], 1);
    using sample = point([1, 1, 6, 8, 7]);
    using other = point([1, 1, 6, 8, 7]);
    using _scope = torch.scope();
    const sigmoid = new ActivationsConfig({ include: ["output"], sigmoid: true });
    new SaliencyInferer().call(sample, net);
    new SaliencyInferer({ postprocessing: [sigmoid] }).call(other, net);
    const [plain, activated] = [sample, other].map((one) => one.getField("output") as Tensor);
    expect(activated?.item()).toBeCloseTo(1 / (1 + Math.exp(-(plain?.item() ?? Number.NaN))), 6);
    expect(other.getImageTensor("saliency").equal(sample.getImageTensor("saliency"))).toBe(true);
    // transforms of samples make tensors that belong to the scope
    for (const tensor of other.tensors()) tensor.keep();
  });

  it("says what it cannot explain", () => {
    using image = new torch.nn.Conv3d(1, 1, 1);
    using fixed = new Fixed();
    using scores = curved([1, 1, 6, 8, 7], 3);
    using sample = point([1, 1, 6, 8, 7]);
    expect(() => new SaliencyInferer().call(sample, image)).toThrow(
      "SaliencyInferer: what the network gives has shape (1, 1, 6, 8, 7). Maps are made of values, such as scores of classes, and not of images or patches.",
    );
    expect(() => new SaliencyInferer().call(sample, fixed)).toThrow(
      "SaliencyInferer: what the network gives does not depend on the image by anything that has a gradient.",
    );
    expect(() => new SaliencyInferer({ target: 3 }).call(sample, scores)).toThrow(
      "SaliencyInferer: what the network gives has 3 values for each image, and 'target' is 3.",
    );
    expect(() => new SaliencyInferer({ saliencyName: "output" })).toThrow(
      "SaliencyInferer: 'saliencyName' and 'outputName' are both 'output'.",
    );
    expect(sample.images.has("saliency")).toBe(false);
  });

  it("is written and read", () => {
    const inferer = new SaliencyInferer({ method: "integrated_gradients", target: 1 });
    expect(infererRegistry.read("A model", "inferer", inferer.toDict())).toEqual(inferer);
    expect(infererRegistry.from("'inferer'", { name_: "SaliencyInferer", method: "gradient" })).toEqual(
      new SaliencyInferer(),
    );
    // besides the output it adds the map
    expect(addedFieldOf(inferer)).toBeNull();
  });
});

/** A network that looks at nothing. */
class Fixed extends torch.nn.Module {
  override call(x: Tensor): Tensor {
    return torch.zeros([x.shape[0] ?? 0, 1]);
  }
}
