import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { compareTransform, goldenPoint } from "../fixtures/golden.ts";
import { Point } from "../fixtures/point.ts";
import { RandomMotionConfig, Rng, replay } from "../index.ts";

compareTransform("RandomMotion");

const IDENTITY = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

const triples = z.array(z.array(z.number()));
const drawn = z.object({ times: z.array(z.number()), degrees: triples, translation: triples });
type Drawn = z.output<typeof drawn>;

/** An image, moved as was drawn. */
function moved(tensor: torch.Tensor, parameters: Drawn, affine = IDENTITY): torch.Tensor {
  const point = new Point().add("image", "scalar", tensor, affine);
  const options = new RandomMotionConfig({ numTransforms: parameters.times.length }).toDict();
  return replay([{ name_: "RandomMotion", options, parameters: { image: { ...parameters } } }], point).image("image")
    .tensor;
}

describe("RandomMotion", () => {
  it.each([Number.NaN, Number.NEGATIVE_INFINITY])(
    "refuses an image with %d, which would spread over all of it",
    (odd) => {
      using _scope = torch.scope();
      const tensor = torch.tensor([odd, 1, 2, 3, 4, 5, 6, 7]).reshape([1, 2, 2, 2]);
      const point = new Point().add("image", "scalar", tensor, IDENTITY);
      expect(() => new RandomMotionConfig().getObject().apply(point, new Rng(0))).toThrow(
        /'image' of sub-1, ses-1 holds/,
      );
    },
  );
  it("draws the times in turn, around equal intervals, and movements from their ranges", () => {
    using _scope = torch.scope();
    const transform = new RandomMotionConfig({ degrees: 5, translation: [1, 2], numTransforms: 3 }).getObject();
    const all = Array.from({ length: 100 }, (_, i) => {
      using _inner = torch.scope();
      const [record] = transform.apply(goldenPoint(["image"]), new Rng(9, i)).history;
      return z.object({ image: drawn }).parse(record?.parameters).image;
    });
    for (const { times, degrees, translation } of all) {
      expect([times.length, degrees.length, translation.length]).toEqual([3, 3, 3]);
      for (const [i, time] of times.entries()) expect(Math.abs(time - (i + 1) / 4)).toBeLessThanOrEqual(0.3 / 4);
      for (const angle of degrees.flat()) expect(Math.abs(angle)).toBeLessThanOrEqual(5);
      for (const value of translation.flat()) expect(Math.abs(value - 1.5)).toBeLessThanOrEqual(0.5);
    }
    const angles = all.flatMap(({ degrees }) => degrees.flat());
    // the mean of 900 angles has a standard deviation of 0.096
    expect(Math.abs(angles.reduce((sum, value) => sum + value, 0) / 900)).toBeLessThan(0.5);
  });

  it("is the image where no movement was, and leaves an even image even", () => {
    using _scope = torch.scope();
    const image = torch.randn([2, 6, 5, 8]).add(3);
    const still = { times: [0.3, 0.7], degrees: [zeros(), zeros()], translation: [zeros(), zeros()] };
    expect(moved(image, still).sub(image).abs().max().item()).toBeLessThan(1e-5);
    const turned = { ...still, degrees: [[10, 20, 30], zeros()], translation: [[1, 2, 3], zeros()] };
    const even = torch.full([1, 6, 5, 8], 4);
    expect(moved(even, turned).sub(even).abs().max().item()).toBeLessThan(1e-5);
    expect(moved(image, turned).sub(image).abs().max().item()).toBeGreaterThan(0.1);
  });

  it("turns the image around its middle, wherever that is in space", () => {
    using _scope = torch.scope();
    const image = torch.randn([1, 7, 7, 7]);
    const turned = { times: [0.4], degrees: [[0, 0, 20]], translation: [zeros()] };
    const far = IDENTITY.map((value, i) => (i % 4 === 3 && i < 12 ? 500 : value));
    expect(moved(image, turned, far).sub(moved(image, turned)).abs().max().item()).toBeLessThan(1e-4);
  });

  it("moves a single slice within its plane, and takes the spectrum along an axis that it has", () => {
    using _scope = torch.scope();
    for (const axis of [1, 2, 3]) {
      const shape = [1, 10, 10, 10].map((n, dim) => (dim === axis ? 1 : n));
      const slice = torch.randn(shape).add(10);
      const made = moved(slice, { times: [0.45], degrees: [[8, 8, 8]], translation: [[1, 1, 1]] });
      expect(made.shape).toEqual(shape);
      // neither as it was, nor the moved image as a whole
      expect(made.sub(slice).abs().max().item()).toBeGreaterThan(0.1);
      expect(Math.abs(made.mean().item() - 10)).toBeLessThan(1.5);
    }
  });

  it("refuses what cannot be, and records that were changed", () => {
    expect(() => new RandomMotionConfig({ numTransforms: 0 })).toThrow(/numTransforms/);
    expect(() => new RandomMotionConfig({ degrees: [3, 1] })).toThrow(/smaller number first/);
    expect(() => new RandomMotionConfig({ translation: -1 })).toThrow(/translation/);
    using _scope = torch.scope();
    const image = torch.zeros([1, 2, 2, 2]);
    expect(() => moved(image, { times: [0.5], degrees: [], translation: [] })).toThrow(/as many times/);
  });
});

function zeros(): number[] {
  return [0, 0, 0];
}
