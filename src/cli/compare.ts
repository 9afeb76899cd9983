/** `npx clinicadl compare`: several MAPS side by side. */
import { basename, resolve } from "node:path";
import type { Command } from "commander";
import type { Comparison } from "../train/compare.ts";
import { answer } from "../utils/output.ts";
import type { ComparedClassifiers, Part } from "../view/read/index.ts";
import { alignedTable, shownNumber } from "./table.ts";

interface Flags {
  readonly checkpoint: string;
  readonly group?: string;
  readonly json: boolean;
}

export function registerCompare(program: Command): void {
  program
    .command("compare")
    .description(
      "Show the metrics of several MAPS side by side: mean ± standard deviation over splits, by how much they differ from the first, and in which options. With --group also DeLong's and McNemar's tests, where both have predicted the group's participants.",
    )
    .argument("<maps...>", "the directories of the MAPS; others are compared with the first")
    .option("--checkpoint <name>", "which model of each split: best-<metric>, epoch-<n> or final", "final")
    .option("--group <name>", "a test group (default: the validation data of each split)")
    .option("--json", "print it as JSON", false)
    .action(async (paths: string[], { checkpoint, group, json }: Flags) => {
      const { Maps } = await import("../io/maps/index.ts");
      const { compare } = await import("../train/compare.ts");
      const experiments = paths.map((path) => new Maps(path));
      for (const maps of experiments) maps.read();
      const found = compare(experiments, { checkpoint, ...(group === undefined ? {} : { groupName: group }) });
      const tests = group === undefined ? [] : await testsOf(paths, checkpoint, group);
      const names = namesOf(paths);
      answer(
        json
          ? JSON.stringify({ maps: experiments.map(({ path }) => path), ...found, tests })
          : [shown(names, found), ...(group === undefined ? [] : shownTests(names, tests))].join("\n"),
      );
    });
}

/** The models of a split, or an ensemble, of the first MAPS and of another. */
interface ModelTest {
  readonly models: string;
  /** Which of the others, from 1. */
  readonly experiment: number;
  readonly test: Part<ComparedClassifiers>;
}

/** Of the models that both have predicted the group with. */
async function testsOf(paths: readonly string[], checkpoint: string, group: string): Promise<ModelTest[]> {
  const { compareClassifiers, readContents, readEvaluation } = await import("../view/read/index.ts");
  const predictions = paths.map((path) => {
    const results = readContents(path).predictions.find(({ name }) => name === group)?.results ?? [];
    return results.filter((result) => result.checkpoint === checkpoint);
  });
  const [first = [], ...others] = predictions;
  return others.flatMap((results, i) =>
    first.flatMap(({ name, models }): ModelTest[] => {
      if (!results.some((result) => result.name === name)) return [];
      const [a, b] = [paths[0], paths[i + 1]].map((path) => readEvaluation(path ?? "", { models, checkpoint, group }));
      if (a === undefined || b === undefined) return [];
      const test = !a.found ? a : !b.found ? b : compareClassifiers(a.value, b.value);
      return [{ models: name, experiment: i + 1, test }];
    }),
  );
}

function shownTests(names: readonly string[], tests: readonly ModelTest[]): string[] {
  const done = tests.flatMap(({ models, experiment, test }) =>
    test.found ? [{ models, name: names[experiment] ?? "", ...test.value }] : [],
  );
  const rows = done.map(({ models, name, auc, decisions }) => [
    models,
    `${name} − ${names[0]}`,
    // the area of the first is the second of the test, which says by how much the other is above it
    ...[auc.aucs[1], auc.aucs[0], auc.difference].map(shownNumber),
    `${shownNumber(auc.lower)} to ${shownNumber(auc.upper)}`,
    shownNumber(auc.pValue),
    `${decisions.onlyFirst}, ${decisions.onlySecond}`,
    shownNumber(decisions.pValue),
  ]);
  const head = [
    "models",
    "tested",
    "AUC of first",
    "of other",
    "difference",
    "95 %",
    "p (DeLong)",
    "only one right",
    "p (McNemar)",
  ];
  const reasons = new Set(tests.flatMap(({ test }) => (test.found ? [] : [`not tested: ${test.reason}`])));
  if (tests.length === 0) reasons.add("not tested: no models of both have predicted this group");
  return ["", ...(rows.length === 0 ? [] : alignedTable([head, ...rows])), ...reasons];
}

/** The names of the folders, or the paths where several have the same. */
function namesOf(paths: readonly string[]): readonly string[] {
  const names = paths.map((path) => basename(resolve(path)));
  return new Set(names).size === names.length ? names : paths;
}

function shown(names: readonly string[], { metrics, options }: Comparison): string {
  const spread = (mean: number, sd: number, n: number): string =>
    `${shownNumber(mean)}${Number.isNaN(sd) ? "" : ` ± ${shownNumber(sd)}`} (${n})`;
  const others = names.slice(1);
  const rows = metrics.map(({ metric, summaries, differences }) => [
    metric,
    ...summaries.map((one) => (one === null || one.n === 0 ? "–" : spread(one.mean, one.sd, one.n))),
    ...differences.slice(1).map((one) => (one === null ? "–" : spread(one.mean, one.sd, one.n))),
  ]);
  const head = ["metric", ...names, ...others.map((name) => `${name} − ${names[0]}`)];
  const different = options.map(({ path, values }) => [
    path,
    ...values.map((value) => (value === undefined ? "–" : shortened(JSON.stringify(value)))),
  ]);
  return [
    ...alignedTable([head, ...rows]),
    "mean ± standard deviation (n) over splits",
    ...(different.length === 0 ? ["no option differs"] : ["", ...alignedTable([["option", ...names], ...different])]),
  ].join("\n");
}

function shortened(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}
