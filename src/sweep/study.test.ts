import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { countTrials, sweepSchema } from "./config.ts";
import { Study } from "./study.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "study-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const options = { experiment: "e.yaml", study: "s", parameters: { lr: { low: 1e-4, high: 1, log: true } }, trials: 3 };

describe("Study", () => {
  it("gives a trial to one at a time, and again where it was not finished", () => {
    using study = new Study(dir, sweepSchema.parse(options));
    using other = new Study(dir, sweepSchema.parse(options));
    const first = study.claim();
    using second = other.claim();
    expect([first?.trial.number, second?.trial.number]).toEqual([0, 1]);
    expect(first?.maps).toBe(join(dir, "trial-0000"));
    // as if its process had died
    first?.[Symbol.dispose]();
    using again = other.claim();
    expect(again?.trial).toEqual(first?.trial);
    using third = study.claim();
    expect(third?.trial.number).toBe(2);
    expect(study.claim()).toBeNull();
    for (const [claimed, score] of [
      [again, 0.5],
      [second, 0.25],
      [third, null],
    ] as const) {
      if (claimed) study.finish(claimed.trial, score);
    }
    expect(other.trials.map(({ state, score }) => [state, score])).toEqual([
      ["complete", 0.5],
      ["complete", 0.25],
      ["failed", null],
    ]);
    expect(other.best?.number).toBe(1);
    expect(study.claim()).toBeNull();
  });

  it("draws the same values from the same seed", () => {
    const draw = (name: string, seed: number) => {
      using study = new Study(join(dir, name), sweepSchema.parse({ ...options, seed }));
      using claimed = study.claim();
      return claimed?.trial.values.lr;
    };
    expect(draw("a", 1)).toBe(draw("b", 1));
    expect(draw("c", 2)).not.toBe(draw("a", 1));
  });

  it("goes through all combinations of a grid", () => {
    const parameters = { a: { choice: [1, 2, 3] }, b: { choice: ["x", "y"] } };
    const sweep = sweepSchema.parse({ experiment: "e", study: "s", sampler: "grid", parameters });
    expect(countTrials(sweep)).toBe(6);
    using study = new Study(dir, sweep);
    const found = new Set<string>();
    for (let claimed = study.claim(); claimed !== null; claimed = study.claim()) {
      found.add(JSON.stringify(claimed.trial.values));
      study.finish(claimed.trial, 0);
      claimed[Symbol.dispose]();
    }
    expect(found.size).toBe(6);
  });

  it("takes more trials, but no other sweep", () => {
    new Study(dir, sweepSchema.parse(options))[Symbol.dispose]();
    new Study(dir, sweepSchema.parse({ ...options, trials: 9 }))[Symbol.dispose]();
    expect(() => new Study(dir, sweepSchema.parse({ ...options, metric: "mae" }))).toThrow(/is of another sweep/);
  });
});
