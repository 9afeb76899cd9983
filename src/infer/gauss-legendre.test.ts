import { describe, expect, it } from "vitest";
import { gaussLegendre } from "./gauss-legendre.ts";

describe("gaussLegendre", () => {
  it("is the midpoint for one point, and known roots for two", () => {
    const [middle] = gaussLegendre(1);
    expect(middle?.at).toBeCloseTo(0.5, 15);
    expect(middle?.weight).toBeCloseTo(1, 15);
    const [low, high] = gaussLegendre(2);
    expect(low?.at).toBeCloseTo((1 - 1 / Math.sqrt(3)) / 2, 15);
    expect(high?.at).toBeCloseTo((1 + 1 / Math.sqrt(3)) / 2, 15);
    expect(low?.weight).toBeCloseTo(0.5, 15);
  });

  it.each([1, 2, 3, 5, 20, 50, 200])("integrates polynomials of up to degree 2n - 1 with n = %d", (n) => {
    const points = gaussLegendre(n);
    for (const degree of [0, 1, n, 2 * n - 1]) {
      const integral = points.reduce((sum, { at, weight }) => sum + weight * at ** degree, 0);
      expect(integral * (degree + 1)).toBeCloseTo(1, 12);
    }
    expect(points.every(({ at }, i) => at > (points[i - 1]?.at ?? 0) && at < 1)).toBe(true);
  });
});
