import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { rocAuc } from "../roc-auc.ts";
import { type AucDifference, type AucInterval, delong, delongTest } from "./delong.ts";
import { mcnemar } from "./mcnemar.ts";

interface Golden {
  readonly cases: readonly {
    readonly labels: number[];
    readonly first: number[];
    readonly second: number[];
    readonly level: number;
    readonly delong: AucInterval;
    readonly test: AucDifference;
  }[];
  readonly mcnemar: readonly {
    readonly onlyFirst: number;
    readonly onlySecond: number;
    readonly exact: number;
    readonly plain: readonly [number, number];
    readonly corrected: readonly [number, number];
  }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL("../golden/comparisons.json", import.meta.url), "utf8"));

function expectClose(found: object, expected: object): void {
  const numbers = (value: object) => Object.values(value).flat() as number[];
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  numbers(found).forEach((value, i) => {
    expect(value, JSON.stringify(found)).toBeCloseTo(numbers(expected)[i] ?? Number.NaN, 10);
  });
}

describe("DeLong", () => {
  it.each(golden.cases)(
    "at $level, as computed from all pairs",
    ({ labels, first, second, level, delong: one, test }) => {
      expectClose(delong(first, labels, { level }), one);
      expectClose(delongTest(first, second, labels, { level }), test);
      expect(delong(first, labels).auc).toBeCloseTo(rocAuc(first, labels), 12);
      const swapped = delongTest(second, first, labels);
      expect(swapped.pValue).toBeCloseTo(test.pValue, 12);
    },
  );
  it("finds no difference between models that rank alike", () => {
    const [scores, labels] = [
      [1, 3, 2, 5],
      [0, 1, 0, 1],
    ];
    const found = delongTest(
      scores,
      scores.map((s) => s ** 3),
      labels,
    );
    expect(found).toMatchObject({ difference: 0, variance: 0, z: 0, pValue: 1 });
    expect(
      delongTest(
        scores,
        scores.map((s) => -s),
        labels,
      ),
    ).toMatchObject({ difference: 1, z: Number.NaN, pValue: Number.NaN });
    expect(delong(scores, labels)).toEqual({ auc: 1, variance: 0, lower: 1, upper: 1 });
    expect(delong([1, 2, 3], [1, 0, 0])).toMatchObject({ auc: 0, variance: Number.NaN });
  });
  it("says what it takes", () => {
    expect(() => delong([1, 2], [1])).toThrow(/2 scores, for 1 labels/);
    expect(() => delong([1, 2], [1, 1])).toThrow(/some of both/);
    expect(() => delong([1, 2], [1, 2])).toThrow(/0 and 1/);
    expect(() => delong([1, Number.NaN], [1, 0])).toThrow(/score 1 is NaN/);
    expect(() => delongTest([1, 2], [1, 2], [1, 0], { level: 95 })).toThrow(/'level' got 95/);
  });
});

describe("McNemar", () => {
  it.each(golden.mcnemar)(
    "$onlyFirst and $onlySecond, as scipy's distributions",
    ({ onlyFirst, onlySecond, ...expected }) => {
      const sides = (a: boolean, b: boolean, n: number) => Array.from({ length: n }, () => [a, b] as const);
      const all = [
        ...sides(true, false, onlyFirst),
        ...sides(true, true, 7),
        ...sides(false, true, onlySecond),
        ...sides(false, false, 4),
      ];
      const [first, second] = [all.map(([a]) => a), all.map(([, b]) => b)];
      const exact = mcnemar(first, second);
      expect(exact).toMatchObject({ onlyFirst, onlySecond, statistic: null });
      expect(exact.pValue).toBeCloseTo(expected.exact, 12);
      for (const [correction, [statistic, pValue]] of [
        [true, expected.corrected],
        [false, expected.plain],
      ] as const) {
        const found = mcnemar(first, second, { exact: false, correction });
        expect(found.statistic).toBeCloseTo(statistic, 12);
        expect(found.pValue).toBeCloseTo(pValue, 12);
      }
    },
  );
  it("finds no difference where both are right of the same, and wants the same participants", () => {
    for (const exact of [true, false]) expect(mcnemar([true, false], [true, false], { exact }).pValue).toBe(1);
    expect(() => mcnemar([true], [])).toThrow(/1 decisions of the first, 0 of the second/);
  });
});
