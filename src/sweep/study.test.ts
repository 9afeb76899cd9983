import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
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

  it("prunes what is worse at a rung, for good, and never takes it for the best", () => {
    const pruner = { name: "asha", minEpochs: 2, reductionFactor: 2 };
    using study = new Study(dir, sweepSchema.parse({ ...options, pruner }));
    using first = study.claim();
    using second = study.claim();
    if (!first || !second) throw new Error("there are three trials");
    expect([1, 2, 3].map((epoch) => study.prunes(first.trial, epoch, 0.5))).toEqual([false, false, false]);
    // as if it had been taken up again: nothing is counted twice
    expect(study.prunes(first.trial, 2, 0.5)).toBe(false);
    expect(study.prunes(second.trial, 1, 0.9)).toBe(false);
    expect(study.prunes(second.trial, 2, 0.75)).toBe(true);
    study.finish(first.trial, 0.8);
    expect(study.trials[1]).toMatchObject({ state: "pruned", score: 0.75, epochs: 2 });
    expect(study.best?.number).toBe(0);
    using third = study.claim();
    expect(third?.trial.number).toBe(2);
    expect(study.claim()).toBeNull();
  });

  it("leaves a trial to a training that outlives the process which began it", async () => {
    using study = new Study(dir, sweepSchema.parse(options));
    const claimed = study.claim();
    if (claimed === null) throw new Error("there are three trials");
    const stdio = ["ignore", "ignore", "ignore", claimed.descriptor] as const;
    const training = spawn(process.execPath, ["-e", "setTimeout(() => {}, 1e6)"], { stdio: [...stdio] });
    await once(training, "spawn");
    // as when this process ends
    claimed[Symbol.dispose]();
    using next = study.claim();
    expect(next?.trial.number).toBe(1);
    training.kill();
    await once(training, "exit");
    using again = study.claim();
    expect(again?.trial.number).toBe(0);
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

  it("goes on with a study of before trials had a deviation", () => {
    {
      using study = new Study(dir, sweepSchema.parse(options));
      using claimed = study.claim();
      if (claimed === null) throw new Error("there are three trials");
      study.finish(claimed.trial, 0.5);
    }
    const database = new DatabaseSync(join(dir, "study.sqlite"));
    database.exec("ALTER TABLE trials DROP COLUMN sd");
    database.close();
    using study = new Study(dir, sweepSchema.parse(options));
    expect(study.trials).toMatchObject([{ state: "complete", score: 0.5, sd: null }]);
    using claimed = study.claim();
    if (claimed === null) throw new Error("there are three trials");
    study.finish(claimed.trial, 0.25, 0.125);
    expect(study.trials[1]).toMatchObject({ score: 0.25, sd: 0.125 });
    expect(study.hasEnded).toBe(false);
  });

  it("takes more trials, but no other sweep", () => {
    new Study(dir, sweepSchema.parse(options))[Symbol.dispose]();
    new Study(dir, sweepSchema.parse({ ...options, trials: 9 }))[Symbol.dispose]();
    expect(() => new Study(dir, sweepSchema.parse({ ...options, metric: "mae" }))).toThrow(/is of another sweep/);
  });

  it("is held to the experiment of the first trial that has ended", () => {
    const sweep = sweepSchema.parse(options);
    using study = new Study(dir, sweep);
    study.holdTo({ model: { lr: 1 }, maps: null });
    using claimed = study.claim();
    if (claimed === null) throw new Error("there are three trials");
    // it may be corrected so far
    study.holdTo({ model: { lr: 2 } });
    study.finish(claimed.trial, 0.5);
    using other = new Study(dir, sweep);
    other.holdTo({ model: { lr: 2 } });
    expect(() => other.holdTo({ model: { lr: 1 }, callbacks: [] })).toThrow(
      /with another model, callbacks than e\.yaml/,
    );
    other.holdTo({ model: { lr: 2 } });
  });
});
