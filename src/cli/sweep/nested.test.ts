import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Maps } from "../../io/maps/index.ts";
import { readTsv } from "../../io/tsv/index.ts";
import { makeCohort } from "../../train/fixtures/cohort.ts";
import { EXPERIMENT } from "../fixtures/experiment.ts";

const CLI = join(import.meta.dirname, "..", "index.ts");
let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "cli-nested-"));
  makeCohort(dir, 9);
  writeFileSync(join(dir, "e.yaml"), OWN);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

// without a split, which is the sweep's to make
const OWN = EXPERIMENT.replace("split:\n  make_kfold: { n_splits: 3 }\n", "").replace(
  "optimization:",
  "metrics:\n  loss: { name_: LossMetric }\n  mae: { name_: MAEMetric }\noptimization:",
);
const sweepOf = (study: string) => `
experiment: e.yaml
study: ${study}
parameters:
  model.optimizer.lr: { choice: [0.0001, 0.1] }
sampler: grid
metric: mae
nested: { n_splits: 3, n_inner_splits: 2 }
seed: 4
`;
function sweep(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, "sweep", ...args], {
    encoding: "utf8",
    cwd: dir,
  });
  return { status, stdout, stderr };
}
interface Report {
  folds: { fold: number; trial: number; score: number; test: Record<string, number> }[];
  estimate: Record<string, { mean: number; sd: number; n: number }>;
}
const idsOf = (path: string): string[] => readTsv(path).map((row) => String(row.participant_id));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value) / values.length;

describe("nested cross-validation", () => {
  it("tests what was chosen within each outer fold on those who had no say in it, and goes on after a kill", async () => {
    writeFileSync(join(dir, "whole.yaml"), sweepOf("whole"));
    writeFileSync(join(dir, "killed.yaml"), sweepOf("killed"));
    const { status, stdout, stderr } = sweep("whole.yaml", "--json", "--jobs", "2");
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^outer fold 0\n/) });
    const { folds, estimate }: Report = JSON.parse(stdout);
    const study = join(dir, "whole");
    const tested: string[] = [];
    for (const { fold, trial, score, test } of folds) {
      const outer = join(study, "splits", "3_fold_nested", `split-${fold}`);
      const held = idsOf(join(outer, "test_baseline.tsv"));
      tested.push(...held);
      const inner = join(study, `outer-${fold}`);
      const trials = readdirSync(inner).filter((name) => name.startsWith("trial-"));
      expect(trials).toHaveLength(2);
      const scores = trials.map((name) => {
        const { training } = new Maps(join(inner, name));
        for (const split of [0, 1]) {
          const data = [training.data.train(split), training.data.validation(split)].flatMap(({ dataTsv }) =>
            idsOf(dataTsv),
          );
          expect(data).toHaveLength(6);
          expect(data.filter((id) => held.includes(id))).toEqual([]);
        }
        return mean(
          valuesOf((split) => training.split(split).models.getCheckpointDir("final").validationMetrics.aggregatedTsv),
        );
      });
      expect(score).toBeCloseTo(Math.min(...scores), 12);
      expect(scores[trial]).toBeCloseTo(score, 12);
      // of the other trial nothing was tested
      const [chosen, other] = [trial, 1 - trial].map((n) => new Maps(join(inner, `trial-000${n}`)).test);
      expect(other?.groupsList).toEqual([]);
      const group = chosen?.group("outer_test");
      expect(idsOf(group?.dataTsv ?? "").sort()).toEqual(held.sort());
      const values = valuesOf((split) => group?.results(split, "final").metrics.aggregatedTsv ?? "");
      expect(test.mae).toBeCloseTo(mean(values), 12);
    }
    expect(tested.sort()).toEqual(idsOf(join(dir, "bids", "labels.tsv")));
    const errors = folds.map(({ test }) => test.mae ?? Number.NaN);
    expect(estimate.mae?.mean).toBeCloseTo(mean(errors), 12);
    expect(estimate.mae?.sd).toBeCloseTo(Math.sqrt(mean(errors.map((e) => (e - mean(errors)) ** 2)) * 1.5), 12);
    expect(Object.keys(estimate)).toEqual(["loss", "mae"]);
    expect(sweep("whole.yaml", "--status").stdout).toMatch(/^0 +\d [\s\S]*^mae +[\d.]+ +[\d.]+ +3$/m);

    // the whole group of processes, in the middle of the second outer fold
    const options = { cwd: dir, detached: true, stdio: "ignore" } as const;
    const child = spawn(process.execPath, [CLI, "sweep", "killed.yaml"], options);
    const ended = once(child, "exit");
    while (!existsSync(join(dir, "killed", "outer-1", "trial-0001"))) await setTimeout(50);
    process.kill(-(child.pid ?? Number.NaN), "SIGKILL");
    await ended;
    expect(JSON.parse(sweep("killed.yaml", "--status", "--json").stdout)).toMatchObject({
      folds: [folds[0], { fold: 1, test: null }, { trial: null, test: null }],
      estimate: null,
    });
    expect(JSON.parse(sweep("killed.yaml", "--json").stdout)).toEqual({ folds, estimate });
  });

  it.each([
    ["seed: 4", "folds: [2]", /inner folds/],
    ["model.optimizer.lr", "split.make_kfold.seed", /no parameter of split/],
    ["n_splits: 3,", "n_splits: 1,", /at least 2 folds/],
    ["n_splits: 3,", "n_split: 3,", /unknown option .nSplit. in .nested./],
  ])("refuses %s → %s", (from, to, said) => {
    writeFileSync(join(dir, "wrong.yaml"), sweepOf("never").replace(from, to));
    const { status, stderr } = sweep("wrong.yaml");
    expect(status).toBe(1);
    expect(stderr).toMatch(said);
    expect(stderr).toMatch(/^.*wrong\.yaml:\d+: /m);
    expect(existsSync(join(dir, "never"))).toBe(false);
  });
});

function valuesOf(tableOf: (split: number) => string): number[] {
  return [0, 1].map((split) => Number(readTsv(tableOf(split)).at(-1)?.mae));
}
