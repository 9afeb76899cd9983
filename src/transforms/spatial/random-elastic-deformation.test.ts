import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { forgetWarnings, receiveWarnings } from "../../utils/warnings.ts";
import { compareTransform, goldenPoint } from "../fixtures/golden.ts";
import { Point } from "../fixtures/point.ts";
import { RandomElasticDeformationConfig, Rng } from "../index.ts";

const warnings: string[] = [];
let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
  receiveWarnings((message) => warnings.push(message));
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

compareTransform("RandomElasticDeformation");

const IDENTITY = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
type Config = ConstructorParameters<typeof RandomElasticDeformationConfig>[0];

function pointsOf(options: Config, seed = 1): number[] {
  using _scope = torch.scope();
  const point = goldenPoint(["image"]);
  const [record] = new RandomElasticDeformationConfig(options).getObject().apply(point, new Rng(seed)).history;
  return z.object({ controlPoints: z.array(z.number()) }).parse(record?.parameters).controlPoints;
}

describe("RandomElasticDeformation", () => {
  it("moves each control point by up to the displacement along each axis, but those of the locked layers of all three axes", () => {
    for (const lockedBorders of [0, 1, 2] as const) {
      const points = pointsOf({ numControlPoints: [5, 6, 8], maxDisplacement: [0.1, 2, 3], lockedBorders });
      expect(points.length).toBe(5 * 6 * 8 * 3);
      points.forEach((value, i) => {
        const [along, at] = [i % 3, Math.floor(i / 3)];
        const place = [Math.floor(at / 48), Math.floor(at / 8) % 6, at % 8];
        const locked = place.some((n, axis) => n < lockedBorders || n >= ([5, 6, 8][axis] ?? 0) - lockedBorders);
        if (locked) expect(value).toBe(0);
        else expect(Math.abs(value)).toBeLessThanOrEqual([0.1, 2, 3][along] ?? 0);
        expect(value === 0).toBe(locked);
      });
    }
    const many = pointsOf({ numControlPoints: 10, maxDisplacement: 2, lockedBorders: 0 });
    // uniform from -2 to 2: a mean of 0 and a variance of 4/3; five standard deviations of those of 3000
    expect(Math.abs(many.reduce((sum, value) => sum + value, 0) / 3000)).toBeLessThan(0.106);
    expect(Math.abs(many.reduce((sum, value) => sum + value ** 2, 0) / 3000 - 4 / 3)).toBeLessThan(0.11);
  });

  it("says once that an image may be folded", () => {
    forgetWarnings();
    warnings.length = 0;
    pointsOf({ maxDisplacement: 4 }, 1);
    pointsOf({ maxDisplacement: 4 }, 2);
    pointsOf({ maxDisplacement: 0.5 });
    expect(warnings).toEqual([expect.stringMatching(/'maxDisplacement' got 4,.*'image' of sub-1, ses-1/)]);
  });

  it("leaves the edges nearly where they are, and images as they are without displacement", () => {
    using _scope = torch.scope();
    // in each channel the place along one axis
    const values = Float32Array.from({ length: 3 * 8000 }, (_, i) => {
      const voxel = i % 8000;
      return [Math.floor(voxel / 400), Math.floor(voxel / 20) % 20, voxel % 20][Math.floor(i / 8000)] ?? 0;
    });
    const cube = torch.fromTypedArray(values, [3, 20, 20, 20]);
    const apply = (maxDisplacement: number) =>
      new RandomElasticDeformationConfig({ maxDisplacement })
        .getObject()
        .apply(new Point().add("image", "scalar", cube, IDENTITY), new Rng(4))
        .image("image").tensor;
    expect(apply(0)).toBe(cube);
    const difference = apply(2).sub(cube).abs();
    expect(difference.max().item()).toBeGreaterThan(0.6);
    // there the first points that move have a weight of 0.236
    for (const dim of [1, 2, 3]) {
      for (const at of [0, 19]) expect(difference.select(dim, at).max().item()).toBeLessThan(2 * 0.237);
    }
  });

  it("deforms a single slice within its plane", () => {
    using _scope = torch.scope();
    for (const axis of [1, 2, 3]) {
      const shape = [1, 12, 12, 12].map((n, dim) => (dim === axis ? 1 : n));
      const slice = torch.randn(shape).add(10);
      const point = new Point().add("image", "scalar", slice, IDENTITY);
      const transform = new RandomElasticDeformationConfig({ maxDisplacement: 1.5, lockedBorders: 1 }).getObject();
      const made = transform.apply(point, new Rng(axis)).image("image").tensor;
      expect(made.shape).toEqual(shape);
      expect(made.sub(slice).abs().max().item()).toBeGreaterThan(0.1);
    }
  });

  it("refuses what cannot be", () => {
    expect(() => new RandomElasticDeformationConfig({ numControlPoints: 3 })).toThrow(/numControlPoints/);
    expect(() => new RandomElasticDeformationConfig({ numControlPoints: [4, 5, 5] })).toThrow(/locks all of 4 points/);
    expect(new RandomElasticDeformationConfig({ numControlPoints: 4, lockedBorders: 1 }).lockedBorders).toBe(1);
    expect(() => new RandomElasticDeformationConfig({ maxDisplacement: -1 })).toThrow(/maxDisplacement/);
    expect(() => new RandomElasticDeformationConfig({ lockedBorders: 3 as never })).toThrow(/lockedBorders/);
    using _scope = torch.scope();
    const point = goldenPoint(["image", "brain"]);
    point.image("brain").tensor = point.image("brain").tensor.narrow(3, 0, 2);
    const apply = () => new RandomElasticDeformationConfig().getObject().apply(point, new Rng(1));
    expect(apply).toThrow(ImageError);
    expect(apply).toThrow(/'brain' of sub-1, ses-1 has 5×6×2 voxels.*Resample, with 'image'/);
  });
});
