import { existsSync } from "node:fs";
import { Maps } from "../../io/maps/index.ts";
import { readTsv } from "../../io/tsv/index.ts";
import { metricsDirOf, summarize } from "../../train/summarize.ts";
import { type Num, numOf } from "./numbers.ts";
import { type Part, partOf, valueOr } from "./part.ts";

/** Between which bounds a value is: a confidence interval, of participants that were drawn again. */
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
  /** As 0.95. */
  readonly level: number;
}

/** A metric over the splits. */
export interface FoldMetric {
  readonly metric: string;
  /** Over the splits in which it is defined. */
  readonly mean: Num;
  /** The standard deviation of a sample, with n - 1; null of one value. */
  readonly sd: Num;
  /** In how many splits it is defined. */
  readonly n: number;
  /** One for each of `splits`. */
  readonly values: readonly Num[];
  /** One for each of `splits`, where they were asked for: `intervals` of `validate` and `test`. */
  readonly intervals: readonly (Bounds | null)[];
}

/** The metrics of the splits' models, side by side. */
export interface Folds {
  readonly checkpoint: string;
  /** The test group; null: the validation data of each split. */
  readonly group: string | null;
  readonly splits: readonly number[];
  /** Splits that have been trained, and have no such values. */
  readonly missing: readonly number[];
  readonly metrics: readonly FoldMetric[];
}

/**
 * The metrics of the saved models over the splits of a MAPS.
 *
 * @param options `checkpoint`: `best-<metric>`, `epoch-<n>` or `final` (default); `group`: a test group; default: the validation data of
 * each split.
 */
export function readFolds(
  path: string,
  { checkpoint = "final", group = null }: { readonly checkpoint?: string; readonly group?: string | null } = {},
): Part<Folds> {
  return partOf(() => {
    const maps = new Maps(path);
    const options = { checkpoint, ...(group === null ? {} : { groupName: group }) };
    const { splits, missing, metrics } = summarize(maps, options);
    const intervals = splits.map((split) => intervalsOf(metricsDirOf(maps, split, options).table("intervals")));
    return {
      checkpoint,
      group,
      splits,
      missing,
      metrics: metrics.map(({ metric, mean, sd, n, values }) => ({
        metric,
        mean: numOf(mean),
        sd: numOf(sd),
        n,
        values: values.map(numOf),
        intervals: intervals.map((one) => one.get(metric) ?? null),
      })),
    };
  });
}

/** The intervals in a table, by metric; none where there is no such table. */
export function intervalsOf(table: string): Map<string, Bounds> {
  const rows = existsSync(table)
    ? valueOr(
        partOf(() => readTsv(table)),
        [],
      )
    : [];
  return new Map(
    rows.flatMap(({ metric, ...row }): [string, Bounds][] => {
      const [lower, upper, level] = [numOf(row.lower), numOf(row.upper), numOf(row.level)];
      return lower === null || upper === null || level === null ? [] : [[String(metric), { lower, upper, level }]];
    }),
  );
}
