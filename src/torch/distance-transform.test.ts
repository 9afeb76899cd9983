import { describe, expect, it } from "vitest";
import { position, randomImage, shapes } from "./fixtures/labelled-images.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import * as torch from "./index.ts";
import { distanceTransform } from "./morphology.ts";

expectNothingLeft();

/** How far two voxels are apart, of how far they are along each axis. */
const METRICS = {
  euclidean: (along: readonly number[]) => Math.hypot(...along),
  taxicab: (along: readonly number[]) => along.reduce((sum, step) => sum + step, 0),
  chessboard: (along: readonly number[]) => Math.max(...along),
};
const metrics = Object.keys(METRICS) as (keyof typeof METRICS)[];

/** Each voxel compared with each that is 0. */
function plainDistances(
  values: readonly number[],
  shape: readonly number[],
  sampling: readonly number[],
  metric: keyof typeof METRICS,
): number[] {
  const [n = 1, ...spatial] = shape;
  const voxels = values.length / n;
  const far = METRICS[metric];
  const at = Array.from({ length: voxels }, (_, i) => position(i, spatial));
  return values.map((value, i) => {
    if (value === 0) return 0;
    const image = Math.floor(i / voxels) * voxels;
    let best = Number.POSITIVE_INFINITY;
    for (let j = 0; j < voxels; j++) {
      if (values[image + j] !== 0) continue;
      best = Math.min(best, far(at[i - image]!.map((p, axis) => Math.abs(p - at[j]![axis]!) * sampling[axis]!)));
    }
    return best;
  });
}

describe("distanceTransform", () => {
  const cases = metrics.flatMap((metric) => shapes.map((size) => [metric, size] as const));
  it.each(cases)("is the distance to the nearest 0: %s, %j", (metric, size) => {
    for (const density of [0.3, 0.9, 0.98, 1]) {
      for (const sampling of [
        [1, 1, 1],
        [1.5, 1.5, 1.5],
        [0.7, 3, 1.3],
        [4, 0.01, 100],
      ]) {
        using _scope = torch.scope();
        torch.manualSeed(density * 100);
        const image = randomImage(size, density, 4);
        const own = sampling.slice(0, size.length - 1);
        const wanted = plainDistances(image.flatten().toNumbers(), size, own, metric);
        const double = distanceTransform(image, { metric, sampling: own, dtype: "float64" });
        expect(double.shape).toEqual(size);
        const exact = double.flatten().toNumbers();
        // a few roundings of each square and sum
        wanted.forEach((value, i) => {
          if (value === Number.POSITIVE_INFINITY) expect(exact[i]).toBe(value);
          else expect(Math.abs(exact[i]! - value)).toBeLessThanOrEqual(8 * 2 ** -53 * value);
        });
        const single = distanceTransform(image, { metric, sampling: own });
        expect(single.dtype).toBe("float32");
        single
          .flatten()
          .toNumbers()
          .forEach((value, i) => {
            if (wanted[i] === Number.POSITIVE_INFINITY) expect(value).toBe(wanted[i]);
            else expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(8 * 2 ** -24 * wanted[i]!);
          });
      }
    }
  });

  it("takes every type of numbers, and what is not contiguous", () => {
    using _scope = torch.scope();
    torch.manualSeed(2);
    const image = randomImage([2, 6, 5, 7], 0.8, 1);
    const turned = image.permute([0, 2, 3, 1]);
    for (const metric of metrics) {
      const wanted = distanceTransform(image, { metric }).flatten().toNumbers();
      for (const dtype of ["bool", "uint8", "int64", "float16", "float64"] as const) {
        expect(distanceTransform(image.to({ dtype }), { metric }).flatten().toNumbers()).toEqual(wanted);
      }
      const options = { metric, sampling: [1, 2, 3] };
      expect(distanceTransform(turned, options).flatten().toNumbers()).toEqual(
        distanceTransform(turned.contiguous(), options).flatten().toNumbers(),
      );
    }
  });

  it("refuses samplings that are none", () => {
    using _scope = torch.scope();
    const image = torch.ones([1, 3, 3]);
    expect(() => distanceTransform(image, { sampling: [1, 1, 1] })).toThrow(/'sampling' got 3.*2 spatial/);
    for (const sampling of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const metric of metrics)
        expect(() => distanceTransform(image, { metric, sampling })).toThrow(/spacing is greater than 0/);
    }
  });
});
