/** `npx clinicadl summary`: the metrics of a MAPS over its splits. */
import type { Command } from "commander";
import type { Summary } from "../train/index.ts";
import { answer } from "../utils/output.ts";
import { alignedTable, shownNumber } from "./table.ts";

interface Flags {
  readonly checkpoint: string;
  readonly group?: string;
  readonly json: boolean;
}

export function registerSummary(program: Command): void {
  program
    .command("summary")
    .description(
      "Show the metrics of saved models over the splits of a MAPS: mean, standard deviation, and each split.",
    )
    .argument("<maps>", "the directory of the MAPS")
    .option("--checkpoint <name>", "which model of each split: best-<metric>, epoch-<n> or final", "final")
    .option("--group <name>", "a test group (default: the validation data of each split)")
    .option("--json", "print it as JSON", false)
    .action(async (path: string, { checkpoint, group, json }: Flags) => {
      const { Maps } = await import("../io/maps/index.ts");
      const { summarize } = await import("../train/summarize.ts");
      const maps = new Maps(path);
      maps.read();
      const summary = summarize(maps, { checkpoint, ...(group === undefined ? {} : { groupName: group }) });
      answer(json ? JSON.stringify(summary) : tableOf(summary));
    });
}

/** A row for each metric; what is not defined is a dash. */
function tableOf({ splits, missing, metrics }: Summary): string {
  const head = ["metric", "mean", "sd", "n", ...splits.map((split) => `split ${split}`)];
  const rows = metrics.map(({ metric, mean, sd, n, values }) => [
    metric,
    shownNumber(mean),
    shownNumber(sd),
    String(n),
    ...values.map(shownNumber),
  ]);
  const without = missing.length === 0 ? [] : [`without split ${missing.join(", ")}, which has no such values`];
  return [...alignedTable([head, ...rows]), ...without].join("\n");
}
