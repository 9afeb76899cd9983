import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fitTemperature, type Threshold, withTemperature, youdenThreshold } from "./calibration.ts";

interface Golden {
  readonly temperatures: readonly {
    readonly logits: number[][];
    readonly labels: number[];
    readonly temperature: number;
    readonly probabilities: number[][];
  }[];
  readonly thresholds: readonly (Threshold & { readonly scores: number[]; readonly labels: number[] })[];
}
const golden: Golden = JSON.parse(readFileSync(new URL("../golden/calibration.json", import.meta.url), "utf8"));

describe("a temperature", () => {
  it.each(golden.temperatures)(
    "is $temperature, as a minimiser finds",
    ({ logits, labels, temperature, probabilities }) => {
      const found = fitTemperature(logits, labels);
      // where it is least, a function is flat: half of the digits of a minimiser are its own
      expect(Math.abs(found / temperature - 1)).toBeLessThan(1e-6);
      withTemperature(logits, temperature).forEach((row, i) => {
        row.forEach((p, c) => {
          expect(p).toBeCloseTo(probabilities[i]?.[c] ?? Number.NaN, 12);
        });
      });
      // of logits that were divided by it there is nothing left to do
      const divided = logits.map((row) => row.map((logit) => logit / found));
      expect(fitTemperature(divided, labels)).toBeCloseTo(1, 10);
    },
  );
  it("is not there where none is best, and wants logits and labels", () => {
    expect(() => fitTemperature([[1], [-1]], [1, 0])).toThrow(/right for every sample/);
    expect(() => fitTemperature([[1], [-1]], [0, 1])).toThrow(/go against the labels/);
    expect(() => fitTemperature([[1, 1]], [0])).toThrow(/say nothing/);
    expect(() => fitTemperature([[1]], [])).toThrow(/1 rows of logits, for 0 labels/);
    expect(() => fitTemperature([[1], [Number.NaN]], [0, 1])).toThrow(/row 1 of the logits is \[NaN\]/);
    expect(() => fitTemperature([[1, 2]], [2])).toThrow(/label 0 is 2.*0 to 1/);
    expect(() => withTemperature([[1]], 0)).toThrow(/'temperature' got 0/);
  });
});

describe("a threshold", () => {
  it.each(golden.thresholds)(
    "is $threshold, where scikit-learn's curve is furthest from chance",
    ({ scores, labels, ...expected }) => {
      const found = youdenThreshold(scores, labels);
      expect(found.threshold).toBe(expected.threshold);
      expect(found.sensitivity).toBeCloseTo(expected.sensitivity, 12);
      expect(found.specificity).toBeCloseTo(expected.specificity, 12);
    },
  );
  it("decides nothing for 1 where scores say nothing", () => {
    expect(youdenThreshold([1, 1], [0, 1])).toEqual({
      threshold: Number.POSITIVE_INFINITY,
      sensitivity: 0,
      specificity: 1,
    });
    expect(() => youdenThreshold([1, 2], [1, 1])).toThrow(/some of both/);
    expect(() => youdenThreshold([1, Number.NaN], [1, 0])).toThrow(/not NaN/);
  });
});
