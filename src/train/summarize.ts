import { existsSync } from "node:fs";
import type { Maps, MetricsDir } from "../io/maps/index.ts";
import { columnsOf, readTsv } from "../io/tsv/index.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { refuseUnknown } from "../utils/options.ts";
import { mean, variance } from "../utils/stats/index.ts";

export interface SummarizeOptions {
  /** Which model of each split: `best-<metric>`, `epoch-<n>` or `final`. */
  readonly checkpoint: string;
  /** The test group. Default: the validation data of each split. */
  readonly groupName?: string;
}

/** Values, and how they spread. */
export interface Spread {
  /** NaN where there are none. */
  readonly mean: number;
  /** The standard deviation of a sample, with n - 1; NaN of one value. */
  readonly sd: number;
  readonly n: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { mean: mean(values), sd: Math.sqrt(variance(values)), n: values.length };
}

/** A metric over the splits: of those in which it is defined. */
export interface MetricSummary extends Spread {
  readonly metric: string;
  /** One of each of `splits`; NaN where it is not defined. */
  readonly values: readonly number[];
}

export interface Summary {
  readonly splits: readonly number[];
  /** Splits that have been trained, and have no such values. */
  readonly missing: readonly number[];
  readonly metrics: readonly MetricSummary[];
}

/** Where the metrics of a split's model are: on its validation data, or on a test group. */
export function metricsDirOf(
  maps: Maps,
  split: number,
  { checkpoint, groupName }: Pick<SummarizeOptions, "checkpoint"> & { readonly groupName?: string | undefined },
): MetricsDir {
  return groupName === undefined
    ? maps.training.split(split).models.getCheckpointDir(checkpoint).validationMetrics
    : maps.test.group(groupName).results(split, checkpoint).metrics;
}

/**
 * Mean and standard deviation over splits of what the MAPS has of saved models.
 * @throws ClinicaDLException where no split has such values.
 */
export function summarize(maps: Maps, { checkpoint, groupName, ...rest }: SummarizeOptions): Summary {
  refuseUnknown("summarize", rest);
  const tableOf = (split: number): string => metricsDirOf(maps, split, { checkpoint, groupName }).aggregatedTsv;
  const { splitsList } = maps.training;
  const splits = splitsList.filter((split) => existsSync(tableOf(split)));
  if (splits.length === 0) {
    const where = groupName === undefined ? "validation data" : `the test group '${groupName}'`;
    const known = splitsList.map(
      (split) => `split ${split}: ${maps.training.split(split).models.list.join(", ") || "none"}`,
    );
    throw new ClinicaDLException(
      `${maps.path} has no metrics of '${checkpoint}' on ${where}. Its models are: ${known.join("; ") || "none"}.`,
    );
  }
  const rows = splits.map((split) => readTsv(tableOf(split)).at(-1) ?? {});
  const names = [...columnsOf(rows)].filter((name) => name !== "epoch");
  const metrics = names.map((metric): MetricSummary => {
    const values = rows.map((row) => {
      const value = row[metric];
      return typeof value === "number" ? value : Number.NaN;
    });
    const defined = values.filter((value) => !Number.isNaN(value));
    return { metric, ...spreadOf(defined), values };
  });
  return { splits, missing: splitsList.filter((split) => !splits.includes(split)), metrics };
}
