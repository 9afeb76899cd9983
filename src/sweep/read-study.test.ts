import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sweepSchema } from "./config.ts";
import { readStudy } from "./read-study.ts";
import { Study } from "./study.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "read-study-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const options = {
  ...{ experiment: "e.yaml", study: "s", metric: "auc", direction: "max", seeds: [1, 2] },
  parameters: { lr: { low: 1e-4, high: 1, log: true }, norm: { choice: ["batch", { name: "group" }] } },
};

it("reads what the processes of a sweep have written, and changes nothing", () => {
  const sweep = sweepSchema.parse({ ...options, trials: 3 });
  using study = new Study(dir, sweep);
  using first = study.claim();
  using second = study.claim();
  if (!first || !second) throw new Error("there are three trials");
  study.finish(first.trial, 0.75, 0.125);
  const before = readFileSync(join(dir, "study.sqlite"));
  const { trials: _, ...recorded } = sweep;
  expect(readStudy(dir)).toEqual({ sweep: recorded, trials: study.trials });
  expect(readStudy(dir).trials.map(({ state, score, sd }) => [state, score, sd])).toEqual([
    ["complete", 0.75, 0.125],
    ["running", null, null],
  ]);
  expect(readFileSync(join(dir, "study.sqlite")).equals(before)).toBe(true);
  study.finish(second.trial, null);
  expect(readStudy(dir).trials[1]?.state).toBe("failed");
});

it("reads a study of before trials had a deviation", () => {
  new Study(dir, sweepSchema.parse(options))[Symbol.dispose]();
  const database = new DatabaseSync(join(dir, "study.sqlite"));
  database.exec("ALTER TABLE trials DROP COLUMN sd");
  database.exec(`INSERT INTO trials (number, "values", state, score) VALUES (0, '{"lr": 0.5}', 'complete', 0.5)`);
  database.close();
  expect(readStudy(dir).trials).toEqual([
    { number: 0, values: { lr: 0.5 }, state: "complete", score: 0.5, sd: null, epochs: null },
  ]);
});

it("says what is no study, and of one that it has not begun", () => {
  expect(() => readStudy(dir)).toThrow(/is no study of a sweep: it has no study\.sqlite/);
  writeFileSync(join(dir, "study.sqlite"), "");
  expect(() => readStudy(dir)).toThrow(/has not begun/);
  mkdirSync(join(dir, "other"));
  writeFileSync(join(dir, "other", "study.sqlite"), "this is a text, and not what SQLite writes");
  expect(() => readStudy(join(dir, "other"))).toThrow(/not a database/);
});
