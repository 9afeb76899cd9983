/** `npx clinicadl compare`: several MAPS side by side. */
import { basename, resolve } from "node:path";
import type { Command } from "commander";
import type { Comparison } from "../train/compare.ts";
import { answer } from "../utils/output.ts";
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
      "Show the metrics of several MAPS side by side: mean ± standard deviation over splits, by how much they differ from the first, and in which options.",
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
      answer(
        json ? JSON.stringify({ maps: experiments.map(({ path }) => path), ...found }) : shown(namesOf(paths), found),
      );
    });
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
