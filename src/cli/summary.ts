/** `npx clinicadl summary`: the metrics of a MAPS over its splits. */
import type { Command } from "commander";
import type { Calibration, MetricSummary, Summary } from "../train/index.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { answer } from "../utils/output.ts";
import type { Bounds } from "../view/read/index.ts";
import { calibrationLines } from "./calibrate.ts";
import { alignedTable, shownNumber } from "./table.ts";

interface Flags {
  readonly checkpoint: string;
  readonly group?: string;
  readonly json: boolean;
}

/** A metric over the splits, and its interval of confidence in each; null where none was computed. */
type Measured = MetricSummary & { readonly intervals: readonly (Bounds | null)[] };
type Shown = Omit<Summary, "metrics"> & {
  readonly metrics: readonly Measured[];
  /** Of the model of each split; null where it was not calibrated. */
  readonly calibrations: readonly (Calibration | null)[];
};

export function registerSummary(program: Command): void {
  program
    .command("summary")
    .description(
      "Show the metrics of saved models over the splits of a MAPS: mean, standard deviation, and each split, with its interval where validate or test had --intervals.",
    )
    .argument("<maps>", "the directory of the MAPS")
    .option("--checkpoint <name>", "which model of each split: best-<metric>, epoch-<n> or final", "final")
    .option("--group <name>", "a test group (default: the validation data of each split)")
    .option("--json", "print it as JSON", false)
    .action(async (path: string, { checkpoint, group, json }: Flags) => {
      const { Maps } = await import("../io/maps/index.ts");
      const { readCalibration } = await import("../train/calibration/record.ts");
      const { summarize } = await import("../train/summarize.ts");
      const { readContents, readFolds } = await import("../view/read/index.ts");
      const maps = new Maps(path);
      // says of a folder that is none, that it is none; reading tells what one lacks
      readContents(path);
      maps.read();
      const summary = summarize(maps, { checkpoint, ...(group === undefined ? {} : { groupName: group }) });
      const folds = readFolds(path, { checkpoint, group: group ?? null });
      if (!folds.found) throw new ClinicaDLException(folds.reason);
      const intervals = new Map(folds.value.metrics.map((one) => [one.metric, one.intervals]));
      const metrics = summary.metrics.map((one) => ({ ...one, intervals: intervals.get(one.metric) ?? [] }));
      const models = summary.splits.map((split) => maps.training.split(split).models.getCheckpointDir(checkpoint));
      const shown: Shown = { ...summary, metrics, calibrations: models.map(readCalibration) };
      answer(json ? JSON.stringify(shown) : tableOf(shown));
    });
}

/** A row for each metric; what is not defined is a dash. */
function tableOf({ splits, missing, metrics, calibrations }: Shown): string {
  const head = ["metric", "mean", "sd", "n", ...splits.map((split) => `split ${split}`)];
  const rows = metrics.map(({ metric, mean, sd, n, values, intervals }) => [
    metric,
    shownNumber(mean),
    shownNumber(sd),
    String(n),
    ...values.map((value, i) => valueWith(value, intervals[i] ?? null)),
  ]);
  const without = missing.length === 0 ? [] : [`without split ${missing.join(", ")}, which has no such values`];
  const calibrated = calibrations.flatMap((one, i) =>
    one === null ? [] : calibrationLines(one).map((line) => `split ${splits[i]}, calibrated: ${line}`),
  );
  return [...alignedTable([head, ...rows]), ...legendOf(metrics), ...without, ...calibrated].join("\n");
}

function valueWith(value: number, interval: Bounds | null): string {
  if (interval === null) return shownNumber(value);
  return `${shownNumber(value)} [${shownNumber(interval.lower)}, ${shownNumber(interval.upper)}]`;
}

/** What the brackets are, where there are any. */
function legendOf(metrics: readonly Measured[]): string[] {
  const levels = metrics.flatMap(({ intervals }) => intervals.flatMap((one) => (one === null ? [] : [one.level])));
  const percents = [...new Set(levels)].sort().map((level) => `${shownNumber(100 * level)} %`);
  return percents.length === 0 ? [] : [`[…]: intervals of confidence, ${percents.join(" or ")}`];
}
