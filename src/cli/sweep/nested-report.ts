import { existsSync } from "node:fs";
import { Maps } from "../../io/maps/index.ts";
import { experimentValues, Study } from "../../sweep/index.ts";
import { type Spread, spreadOf } from "../../train/summarize.ts";
import { mean } from "../../utils/stats/index.ts";
import { alignedTable, shownNumber } from "../table.ts";
import { type NestedFile, type OuterFile, outerFiles, runsOf } from "./file.ts";
import { OUTER_TEST } from "./nested.ts";
import { valuesOf } from "./score.ts";

/** What came of an outer fold. */
export interface OuterRow {
  readonly fold: number;
  /** The best trial of the sweep within it so far; null while none is complete. */
  readonly trial: number | null;
  /** The values of that trial, by their keys in the experiment file. */
  readonly values: Readonly<Record<string, unknown>>;
  /** By what it was chosen: its mean on inner validation data. */
  readonly score: number | null;
  /** Each metric on the outer test fold, the mean over the models of that trial; null until all of them were tested. */
  readonly test: Readonly<Record<string, number>> | null;
}
export interface NestedReport {
  readonly folds: readonly OuterRow[];
  /** Each metric over the outer test folds; null until all of them were tested. */
  readonly estimate: Readonly<Record<string, Spread>> | null;
}

export function nestedReport(file: NestedFile): NestedReport {
  const folds = outerFiles(file).map(outerRow);
  const tested = folds.flatMap(({ test }) => (test === null ? [] : [test]));
  if (tested.length < folds.length) return { folds, estimate: null };
  const names = Object.keys(tested[0] ?? {});
  const estimate = names.map((name): [string, Spread] => [
    name,
    spreadOf(tested.map((test) => test[name] ?? Number.NaN)),
  ]);
  return { folds, estimate: Object.fromEntries(estimate) };
}

function outerRow(outer: OuterFile): OuterRow {
  const { fold, sweep } = outer;
  const none: OuterRow = { fold, trial: null, values: {}, score: null, test: null };
  if (!existsSync(outer.study)) return none;
  using study = new Study(outer.study, sweep);
  const { best } = study;
  if (best === null) return none;
  const paths = runsOf(outer, best, study.pathOf(best)).map(({ maps }) => maps);
  const test =
    study.hasEnded && paths.every((path) => isTested(path, sweep.checkpoint)) ? testOf(sweep.checkpoint, paths) : null;
  return { fold, trial: best.number, values: experimentValues(sweep, best), score: best.score, test };
}

function isTested(path: string, checkpoint: string): boolean {
  const maps = new Maps(path);
  maps.read();
  const group = maps.test.group(OUTER_TEST);
  return maps.training.splitsList.every((split) => existsSync(group.results(split, checkpoint).metrics.aggregatedTsv));
}

function testOf(checkpoint: string, paths: readonly string[]): Record<string, number> {
  return Object.fromEntries([...valuesOf(checkpoint, paths, OUTER_TEST)].map(([name, values]) => [name, mean(values)]));
}

/** A line for each outer fold, then the estimate. */
export function shownNested({ sweep }: NestedFile, { folds, estimate }: NestedReport): string {
  const { metric } = sweep;
  const names = Object.keys(sweep.parameters);
  const rows = folds.map(({ fold, trial, values, score, test }) => [
    String(fold),
    trial === null ? "–" : String(trial),
    shownNumber(score ?? Number.NaN),
    shownNumber(test?.[metric] ?? Number.NaN),
    ...names.map((name) => {
      const value = values[name];
      return value === undefined ? "–" : typeof value === "number" ? shownNumber(value) : JSON.stringify(value);
    }),
  ]);
  const table = alignedTable([
    ["outer fold", "best trial", `${metric} (inner)`, `${metric} (test)`, ...names],
    ...rows,
  ]);
  return [...table, ...shownEstimate(estimate)].join("\n");
}

function shownEstimate(estimate: NestedReport["estimate"]): string[] {
  if (estimate === null) return ["there is no estimate until all outer folds were tested"];
  const lines = Object.entries(estimate).map(([name, { mean, sd, n }]) => [
    name,
    shownNumber(mean),
    shownNumber(sd),
    String(n),
  ]);
  return ["", ...alignedTable([["on the outer test folds", "mean", "sd", "n"], ...lines])];
}
