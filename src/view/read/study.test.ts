import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Study, sweepSchema } from "../../sweep/index.ts";
import { makeStudy } from "../fixtures/study.ts";
import { mapsOfTrial, readStudyContents, studiesIn } from "./index.ts";

let dir = "";
let study = "";
beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "view-study-")));
  study = join(dir, "study");
  makeStudy(study);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it("reads trials with their values, as the experiment file has them, and how far they are", () => {
  const { trials, parameters, ...rest } = readStudyContents(study);
  expect(rest).toEqual({ path: study, name: "study", metric: "auc", direction: "max", best: 2 });
  expect(parameters).toEqual([
    { name: "model.optimizer.lr", range: { kind: "numbers", low: 1e-5, high: 1e-1, isLog: true } },
    { name: "network.norm", range: { kind: "choice", choices: ["batch", "instance", { name: "group", groups: 4 }] } },
  ]);
  expect(trials.map(({ number, state, score, epochs }) => [number, state, score, epochs])).toEqual([
    [0, "complete", 0.5, 1],
    [1, "failed", null, 0],
    [2, "complete", 0.75, 1],
    [3, "pruned", 0.25, 1],
    [4, "running", null, 1],
  ]);
  expect(trials[4]?.trainings).toEqual([join(study, "trial-0004")]);
  for (const { values } of trials) {
    expect(Object.keys(values)).toEqual(["model.optimizer.lr", "network.norm"]);
    expect(["batch", "instance", { name: "group", groups: 4 }]).toContainEqual(values["network.norm"]);
  }
});

it("reads the epochs of a trial that has ended once", () => {
  const known = new Map([[0, 7]]);
  expect(readStudyContents(study, known).trials.map(({ epochs }) => epochs)).toEqual([7, 0, 1, 1, 1]);
  expect([...known]).toEqual([
    [0, 7],
    [1, 0],
    [2, 1],
    [3, 1],
  ]);
});

it("finds the MAPS of a trial, one for each seed, and the studies of a nested cross-validation", () => {
  expect(mapsOfTrial(study, 3)).toEqual([join(study, "trial-0003")]);
  expect(() => mapsOfTrial(study, 5)).toThrow(/has no trial 5/);
  const parameters = { a: { choice: [1, 2] } };
  const outer = [0, 10, 2].map((fold) => join(dir, "nested", `outer-${fold}`));
  for (const path of outer) {
    using one = new Study(path, sweepSchema.parse({ experiment: "e", study: "s", parameters, seeds: [7, 11] }));
    one.claim()?.[Symbol.dispose]();
  }
  expect(mapsOfTrial(outer[0]!, 0)).toEqual([7, 11].map((seed) => join(outer[0]!, "trial-0000", `seed-${seed}`)));
  expect(studiesIn(join(dir, "nested"))).toEqual([outer[0], outer[2], outer[1]]);
  expect(studiesIn(study)).toEqual([study]);
  writeFileSync(join(dir, "file"), "");
  expect(studiesIn(dir)).toEqual([]);
  expect(studiesIn(join(dir, "nothing"))).toEqual([]);
});
