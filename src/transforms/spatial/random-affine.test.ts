import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { compareTransform, goldenPoint } from "../fixtures/golden.ts";
import { Point } from "../fixtures/point.ts";
import { RandomAffineConfig, Rng, replay } from "../index.ts";
import { otsuThreshold, padValues } from "../resampling/padding.ts";

compareTransform("RandomAffine");

const IDENTITY = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

const NOTHING = { scales: [1, 1, 1], degrees: [0, 0, 0], translation: [0, 0, 0] };

/** A cube of zeros with one bright voxel, moved. */
function bright(at: readonly [number, number, number], drawn: object, options = {}): number[][] {
  using _scope = torch.scope();
  const data = new Float32Array(125);
  data[(at[0] * 5 + at[1]) * 5 + at[2]] = 1;
  const point = new Point().add("image", "scalar", torch.fromTypedArray(data, [1, 5, 5, 5]), IDENTITY);
  const record = {
    name_: "RandomAffine",
    options: new RandomAffineConfig({ imageInterpolation: "nearest", ...options }).toDict(),
    parameters: { ...NOTHING, ...drawn },
  };
  const found = replay([record], point).values();
  return found.flatMap((value, i) => (value === 1 ? [[Math.floor(i / 25), Math.floor(i / 5) % 5, i % 5]] : []));
}

describe("RandomAffine", () => {
  it("moves, turns and scales what is in the image by what was drawn", () => {
    expect(bright([1, 2, 3], {})).toEqual([[1, 2, 3]]);
    expect(bright([1, 2, 3], { translation: [1, -2, 1] })).toEqual([[2, 0, 4]]);
    // by the right hand: from x to y, from y to z, from z to x
    expect(bright([4, 2, 2], { degrees: [0, 0, 90] })).toEqual([[2, 4, 2]]);
    expect(bright([2, 4, 2], { degrees: [90, 0, 0] })).toEqual([[2, 2, 4]]);
    expect(bright([2, 2, 4], { degrees: [0, 90, 0] })).toEqual([[4, 2, 2]]);
    // twice as long; half-way between two voxels, the nearest is the one after
    const twice = { scales: [2, 1, 1] };
    expect(bright([3, 2, 2], twice)).toEqual([3, 4].map((x) => [x, 2, 2]));
    expect(bright([1, 0, 0], twice, { center: "origin" })).toEqual([1, 2].map((x) => [x, 0, 0]));
  });

  it("draws each number from its range", () => {
    using _scope = torch.scope();
    const config = new RandomAffineConfig({
      scales: [0.5, 2],
      degrees: [10, 20, 30],
      translation: [0, 1, 2, 3, -5, -4],
    });
    const bounds: Record<string, readonly [number, number][]> = {
      scales: [
        [0.5, 2],
        [0.5, 2],
        [0.5, 2],
      ],
      degrees: [
        [-10, 10],
        [-20, 20],
        [-30, 30],
      ],
      translation: [
        [0, 1],
        [2, 3],
        [-5, -4],
      ],
    };
    const transform = config.with({ copy: true }).getObject();
    const point = goldenPoint(["image"]);
    const records = Array.from({ length: 200 }, (_, i) => {
      using _inner = torch.scope();
      return z
        .record(z.string(), z.array(z.number()))
        .parse(transform.apply(point, new Rng(5, i)).history[0]?.parameters);
    });
    for (const [key, ranges] of Object.entries(bounds)) {
      ranges.forEach(([low, high], axis) => {
        const drawn = records.map((record) => record[key]?.[axis] ?? Number.NaN);
        expect(Math.min(...drawn)).toBeGreaterThanOrEqual(low);
        expect(Math.max(...drawn)).toBeLessThanOrEqual(high);
        // the mean of 200 has a standard deviation of a 49th of the range
        const mean = drawn.reduce((sum, value) => sum + value, 0) / 200;
        expect(Math.abs(mean - (low + high) / 2)).toBeLessThan((high - low) / 8);
      });
    }
    const same = new RandomAffineConfig({ isotropic: true }).getObject().apply(point, new Rng(1))
      .history[0]?.parameters;
    const { scales } = z.object({ scales: z.array(z.number()) }).parse(same);
    expect(new Set(scales).size).toBe(1);
  });

  it("moves a single slice within its plane, whichever axis it lies across", () => {
    using _scope = torch.scope();
    for (const axis of [1, 2, 3]) {
      const shape = [1, 9, 9, 9].map((n, dim) => (dim === axis ? 1 : n));
      const point = new Point().add("image", "scalar", torch.ones(shape), IDENTITY);
      const options = { degrees: [40, 50] as const, scales: [0.9, 1.1] as const, translation: 1, defaultPadValue: 0 };
      const values = new RandomAffineConfig(options).getObject().apply(point, new Rng(axis)).values();
      // the corners turn out of the image, the rest stays: nothing leaves the plane
      expect(values.reduce((sum, value) => sum + value, 0)).toBeGreaterThan(50);
      expect(Math.min(...values)).toBe(0);
    }
  });

  it("fills what comes in from outside by channel; masks with 0", () => {
    using _scope = torch.scope();
    const image = torch.fromTypedArray(
      Float32Array.from({ length: 54 }, (_, i) => (i < 27 ? i : -i)),
      [2, 3, 3, 3],
    );
    expect(padValues(image, "minimum")).toEqual([0, -53]);
    expect(padValues(image, 4)).toEqual([4, 4]);
    const [first = 0, second = 0] = padValues(image, "mean");
    expect([first, second].map((value) => value.toFixed(9))).toEqual(["13.000000000", "-40.000000000"]);
    // what is dark on the faces may all be 0; TorchIO takes the mean of all of the faces then
    const background = torch.zeros([1, 4, 4, 4]);
    background.select(1, 0).narrow(1, 0, 2).fill_(100);
    expect(padValues(background, "otsu")).toEqual([0]);
    expect(otsuThreshold([3, 3, 3])).toBe(3);
    expect(padValues(torch.full([1, 2, 2, 2], 3), "otsu")).toEqual([3]);
  });

  it("refuses what cannot be", () => {
    expect(() => new RandomAffineConfig({ scales: 1 })).toThrow(/'scales' got 1, so that a factor may be 0/);
    expect(() => new RandomAffineConfig({ scales: [0, 2] })).toThrow(/'scales' got \[0,2\]/);
    expect(() => new RandomAffineConfig({ scales: [0.1, 0.1, 0.1], isotropic: true })).toThrow(/isotropic/);
    expect(() => new RandomAffineConfig({ degrees: [5, 1] })).toThrow(/smaller number first/);
    expect(() => new RandomAffineConfig({ center: "corner" as never })).toThrow(/center/);
    expect(() => new RandomAffineConfig({ defaultPadValue: "edge" as never })).toThrow(/defaultPadValue/);
  });

  it("refuses images of several shapes, unless told not to look", () => {
    using _scope = torch.scope();
    const point = goldenPoint(["image", "brain"]);
    const brain = point.image("brain");
    brain.tensor = brain.tensor.narrow(1, 0, 3);
    const apply = (options: object) => () =>
      new RandomAffineConfig({ copy: true, ...options }).getObject().apply(point, new Rng(1));
    expect(apply({})).toThrow(ImageError);
    expect(apply({})).toThrow(/'brain' of sub-1, ses-1 has 3×6×7 voxels, and 'image' has 5×6×7/);
    expect(apply({ checkShape: false })).not.toThrow();
  });
});
