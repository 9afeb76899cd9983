import { describe, expect, it } from "vitest";
import { beta, Rng } from "./index.ts";

const N = 20_000;
const draws = (a: number, b: number): number[] => Array.from({ length: N }, (_, i) => beta(new Rng(8, i), a, b));

describe("beta", () => {
  it.each([
    [0.2, 0.2],
    [0.4, 0.4],
    [1, 1],
    [2, 2],
    [8, 8],
    [0.5, 3],
  ])("has the mean and the variance of Beta(%d, %d)", (a, b) => {
    const all = draws(a, b);
    const mean = a / (a + b);
    const variance = (a * b) / ((a + b) ** 2 * (a + b + 1));
    const got = all.reduce((sum, x) => sum + x, 0) / N;
    const squares = all.map((x) => (x - mean) ** 2);
    const gotVariance = squares.reduce((sum, x) => sum + x, 0) / N;
    const fourth = squares.reduce((sum, x) => sum + (x - variance) ** 2, 0) / N;
    // five standard errors: the draws are always the same
    expect(Math.abs(got - mean)).toBeLessThan(5 * Math.sqrt(variance / N));
    expect(Math.abs(gotVariance - variance)).toBeLessThan(5 * Math.sqrt(fourth / N));
  });

  it("is uniform for (1, 1) and the law of the arcsine for (½, ½)", () => {
    const laws: [number, (x: number) => number][] = [
      [1, (x) => x],
      [0.5, (x) => (2 / Math.PI) * Math.asin(Math.sqrt(x))],
    ];
    for (const [a, law] of laws) {
      const sorted = draws(a, a).sort((x, y) => x - y);
      const distance = Math.max(...sorted.map((x, i) => Math.max(law(x) - i / N, (i + 1) / N - law(x))));
      // Kolmogorov and Smirnov: above 2 / √N in one of a thousand
      expect(distance).toBeLessThan(2 / Math.sqrt(N));
    }
  });

  it("stays a number for shapes with which gamma deviates are too small for one", () => {
    for (const x of draws(1e-3, 1e-3)) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(1);
    }
  });
});
