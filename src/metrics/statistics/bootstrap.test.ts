import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Rng } from "../../utils/random/index.ts";
import { mean, normalCdf, normalQuantile } from "../../utils/stats/index.ts";
import { r2 } from "../r2.ts";
import { rocAuc } from "../roc-auc.ts";
import { bootstrap, intervalOf } from "./bootstrap.ts";

interface Case {
  readonly data: readonly number[][];
  readonly indices: readonly number[][][];
  readonly value: number;
  readonly intervals: readonly { method: "bca" | "percentile"; level: number; lower: number; upper: number }[];
}
const golden: {
  cases: Record<"mean" | "r2" | "auc", Case>;
  quantiles: [number, number][];
  shares: [number, number][];
} = JSON.parse(readFileSync(new URL("../golden/intervals.json", import.meta.url), "utf8"));

type Unit = readonly [number, number];
/** The units of each stratum, and what is computed of all. */
const CASES: Record<keyof typeof golden.cases, [Unit[][], (units: readonly Unit[]) => number]> = {
  mean: [[(golden.cases.mean.data[0] ?? []).map((value) => [value, 0])], (units) => mean(units.map(([v]) => v))],
  r2: [
    [(golden.cases.r2.data[0] ?? []).map((value, i) => [value, golden.cases.r2.data[1]?.[i] ?? Number.NaN])],
    (units) =>
      r2(
        units.map(([v]) => v),
        units.map(([, l]) => l),
      ),
  ],
  auc: [
    golden.cases.auc.data.map((values, stratum) => values.map((value): Unit => [value, 1 - stratum])),
    (units) =>
      rocAuc(
        units.map(([v]) => v),
        units.map(([, l]) => l),
      ),
  ],
};

describe.each(Object.keys(CASES) as (keyof typeof CASES)[])("the interval of %s", (name) => {
  const [strata, statistic] = CASES[name];
  const { indices, value, intervals } = golden.cases[name];
  const drawn = (indices[0] ?? []).map((_, k) =>
    statistic(strata.flatMap((units, s) => (indices[s]?.[k] ?? []).map((i) => units[i] as Unit))),
  );
  const left = strata.map((units, s) =>
    units.map((_, i) => statistic(strata.flatMap((all, t) => (t === s ? all.filter((__, j) => j !== i) : all)))),
  );
  it.each(intervals)("$method at $level is scipy's, of the same draws", ({ method, level, lower, upper }) => {
    const found = intervalOf({ value, drawn, left, method, level });
    expect(statistic(strata.flat())).toBeCloseTo(value, 12);
    expect(found.lower).toBeCloseTo(lower, 9);
    expect(found.upper).toBeCloseTo(upper, 9);
  });
  it("is about the same of draws of its own, which the seed decides", () => {
    const units = strata.flat();
    const options = { n: 4000, strata: units.map(([, label]) => (name === "auc" ? label : 0)) };
    const found = bootstrap(units, statistic, options);
    const [{ lower, upper } = { lower: Number.NaN, upper: Number.NaN }] = intervals;
    // scipy's is of 150 draws
    expect(Math.abs(found.lower - lower)).toBeLessThan((upper - lower) / 4);
    expect(Math.abs(found.upper - upper)).toBeLessThan((upper - lower) / 4);
    expect(bootstrap(units, statistic, options)).toEqual(found);
    expect(bootstrap(units, statistic, { ...options, seed: 1 })).not.toEqual(found);
  });
});

it("holds the true mean about as often as it says", () => {
  const rounds = 400;
  for (const method of ["bca", "percentile"] as const) {
    let held = 0;
    for (let round = 0; round < rounds; round++) {
      const rng = new Rng(7, round);
      const values = Array.from({ length: 40 }, () => rng.normal());
      const { lower, upper } = bootstrap(values, mean, { n: 400, seed: round, level: 0.9, method });
      if (lower <= 0 && 0 <= upper) held++;
    }
    // the standard error of a share of 0.9 in 400 rounds is 0.015; intervals of 40 values are a little short
    expect(held / rounds).toBeGreaterThan(0.9 - 4 * 0.015);
    expect(held / rounds).toBeLessThan(0.9 + 3 * 0.015);
  }
});

it("says what it does not know", () => {
  const auc = (units: readonly Unit[]) =>
    rocAuc(
      units.map(([v]) => v),
      units.map(([, l]) => l),
    );
  const units: Unit[] = [
    [1, 1],
    [2, 0],
    [3, 1],
  ];
  // of one class, in a third of the draws or so: 1/27 + 8/27 of all possible
  const found = bootstrap(units, auc, { n: 2700, method: "percentile" });
  const expected = 2700 * (1 - 9 / 27);
  expect(Math.abs(found.defined - expected)).toBeLessThan(5 * Math.sqrt((expected * 9) / 27));
  expect(bootstrap(units, auc, { n: 50 })).toMatchObject({ value: 0.5, lower: Number.NaN, upper: Number.NaN });
  expect(bootstrap([1], mean)).toMatchObject({ value: 1, lower: Number.NaN, upper: Number.NaN });
  expect(bootstrap([], mean)).toMatchObject({ value: Number.NaN });
  // nothing to draw from
  expect(bootstrap([2, 2, 2], mean)).toMatchObject({ value: 2, lower: 2, upper: 2 });
  expect(() => bootstrap([1, 2], mean, { strata: [1] })).toThrow(/'strata' has 1 elements, for 2 units/);
  expect(() => bootstrap([1, 2], mean, { level: 95 })).toThrow(/level/);
});

it("knows the normal distribution", () => {
  for (const [share, z] of golden.quantiles) {
    expect(Math.abs(normalQuantile(share) - z)).toBeLessThan(1e-11 * Math.max(1, Math.abs(z)));
  }
  for (const [z, share] of golden.shares) expect(Math.abs(normalCdf(z) / share - 1)).toBeLessThan(1e-11);
  expect([normalQuantile(0), normalQuantile(1), normalQuantile(2)]).toEqual([
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NaN,
  ]);
});
