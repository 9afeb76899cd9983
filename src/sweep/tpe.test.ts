import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RandomState } from "../utils/random/index.ts";
import { makeParzen, type NumericParzen } from "./parzen.ts";
import type { Range } from "./space.ts";
import { type PastTrial, sampleTpe, splitTrials } from "./tpe.ts";

interface Described {
  readonly weights: number[];
  readonly mus?: number[];
  readonly sigmas?: number[];
}
interface Case {
  readonly range: Range;
  readonly values: number[];
  readonly scores: number[];
  readonly below: Described;
  readonly above: Described;
  readonly at: number[];
  readonly ratios: number[];
}
const { cases } = JSON.parse(readFileSync(new URL("golden/tpe.json", import.meta.url), "utf8")) as { cases: Case[] };

function close(found: readonly number[] | undefined, expected: readonly number[] | undefined): void {
  expect(found?.length).toBe(expected?.length);
  found?.forEach((value, i) => {
    const other = expected?.[i] ?? Number.NaN;
    expect(Math.abs(value - other)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(other)));
  });
}

describe("TPE", () => {
  it("has the estimators and log-ratios of Optuna", () => {
    expect(cases).toHaveLength(30);
    for (const { range, values, scores, below, above, at, ratios } of cases) {
      const trials = values.map((value, i): PastTrial => ({ value, score: scores[i] ?? 0 }));
      const [good, others] = splitTrials(trials, "min").map((part) => makeParzen(range, part));
      for (const [made, expected] of [
        [good, below],
        [others, above],
      ] as const) {
        close(made?.weights, expected.weights);
        close((made as NumericParzen | undefined)?.mus, expected.mus);
        close((made as NumericParzen | undefined)?.sigmas, expected.sigmas);
      }
      const found = at.map((x) => (good?.logDensity(x) ?? Number.NaN) - (others?.logDensity(x) ?? Number.NaN));
      close(found, ratios);
    }
  });

  it("counts running trials among the others, and the highest as best where more is better", () => {
    const trials = [
      { value: 1, score: 0.2 },
      { value: 2, score: null },
      { value: 3, score: 0.9 },
    ];
    expect(splitTrials(trials, "max")).toEqual([[3], [1, 2]]);
    expect(splitTrials(trials, "min")).toEqual([[1], [2, 3]]);
    // the better score of one that was stopped early counts after that of one that was not
    expect(splitTrials([...trials, { value: 4, score: 0.1, stoppedAfter: 3 }], "min")).toEqual([[1], [2, 3, 4]]);
  });

  it("stays in the range and finds the minimum of a parabola", () => {
    const rng = new RandomState(3);
    const range = { kind: "float", low: 1e-5, high: 1e-1, log: true } as const;
    const trials: PastTrial[] = [];
    for (let i = 0; i < 60; i++) {
      const value = sampleTpe(range, trials, "min", () => rng.random());
      expect(value).toBeGreaterThanOrEqual(range.low);
      expect(value).toBeLessThanOrEqual(range.high);
      trials.push({ value, score: (Math.log10(value) + 3) ** 2 });
    }
    // evenly drawn, a fifth of the values would be so near
    const near = trials.slice(30).filter(({ score }) => score !== null && score < 0.16);
    expect(near.length).toBeGreaterThan(15);
  });
});
