/** The tables that an evaluation has beside the values: intervals, groups, and what metrics have of their own. */
import { existsSync, rmSync } from "node:fs";
import { columnsOf, type Row, readTsv, writeTsv } from "../../io/tsv/index.ts";
import { DataFrameError } from "../../utils/exceptions.ts";
import type { Metric } from "../metric.ts";
import { withEmptyCells } from "../tables.ts";
import { type BootstrapOptions, bootstrap, bootstrapOptions } from "./bootstrap.ts";
import { columnOf, type GroupBy, groupingOf, keyOf, MISSING } from "./groups.ts";

/** How the intervals of metrics are computed: participants are drawn, with all their sessions, patches or slices. */
export interface IntervalOptions extends BootstrapOptions {
  /** A column of the data, such as the label: as many participants of each of its values in each draw. Default: none. */
  readonly stratify?: string;
}

/** Metrics that have seen all samples of a data set. */
export interface Evaluated {
  readonly metrics: Readonly<Record<string, Metric>>;
  /** Whose samples they have seen, in that order. */
  readonly samples: readonly Row[];
  /** The table of the data set. */
  readonly data: readonly Row[];
}

/** @throws ConfigError, DataFrameError for what is found before anything is computed. */
export function checkStatistics(
  what: string,
  data: readonly Row[],
  {
    intervals = null,
    groups = [],
  }: { readonly intervals?: IntervalOptions | null | undefined; readonly groups?: readonly GroupBy[] | undefined },
): void {
  for (const by of groups) groupingOf(data, by, `${what}: 'groups'`);
  if (intervals === null) return;
  const { stratify, ...options } = intervals;
  bootstrapOptions(options, `${what}: 'intervals'`);
  if (stratify !== undefined) columnOf(data, stratify, `${what}: 'intervals'`);
}

/** A row for each metric: `metric`, `value`, `lower`, `upper`, how they were computed, and of how many. */
export function intervalTable(evaluated: Evaluated, options: IntervalOptions): Row[] {
  const all = evaluated.samples.map((_, i) => i);
  return Object.keys(evaluated.metrics).map((name) => ({ metric: name, ...rowOf(evaluated, name, all, options) }));
}

/** For each value of a column, a row for each metric: `column`, `group`, and what {@link intervalTable} has, or `value` and of how many. */
export function groupTable(evaluated: Evaluated, groups: readonly GroupBy[], options: IntervalOptions | null): Row[] {
  return groups.flatMap((by) => {
    const { column, groupOf, groups: values } = groupingOf(evaluated.data, by, "'groups'");
    return values.flatMap((group) => {
      const chosen = evaluated.samples.flatMap((row, i) => ((groupOf.get(keyOf(row)) ?? MISSING) === group ? [i] : []));
      return Object.keys(evaluated.metrics).map((name) => ({
        ...{ column, group, metric: name },
        ...rowOf(evaluated, name, chosen, options),
      }));
    });
  });
}

function rowOf(
  { metrics, samples, data }: Evaluated,
  name: string,
  chosen: readonly number[],
  options: IntervalOptions | null,
): Row {
  const metric = metrics[name];
  if (metric === undefined || metric.samples.length !== samples.length) {
    throw new DataFrameError(
      `The metric '${name}' keeps ${metric?.samples.length ?? 0} elements for ${samples.length} samples, of which it is not known whose they are: let 'accumulate' give one for each.`,
    );
  }
  const participants = Map.groupBy(chosen, (i) => String(samples[i]?.participant_id));
  const valueOn = (indices: readonly number[]): number => metric.valueOn(indices.map((i) => metric.samples[i]));
  const counts = { n_participants: participants.size, n_samples: chosen.length };
  if (options === null) return { value: valueOn(chosen), ...counts };
  const { stratify, ...given } = options;
  const { n, seed, method, level } = bootstrapOptions(given);
  const units = [...participants.values()];
  const strata = stratify === undefined ? null : strataOf(units, samples, data, stratify);
  const found = bootstrap(units, (drawn) => valueOn(drawn.flat()), {
    ...given,
    ...(strata === null ? {} : { strata }),
  });
  const { value, lower, upper, defined } = found;
  const how = { level, method, n_resamples: n, n_defined: defined, seed, stratified_by: stratify ?? null };
  return { value, lower, upper, ...how, ...counts };
}

/** The values that a participant has in the column, of all sessions. */
function strataOf(
  units: readonly (readonly number[])[],
  samples: readonly Row[],
  data: readonly Row[],
  column: string,
): string[] {
  const values = columnOf(data, column, "'stratify'");
  return units.map((unit) => {
    const own = new Set(unit.map((i) => String(values.get(keyOf(samples[i] ?? {})) ?? MISSING)));
    return JSON.stringify([...own].sort());
  });
}

const TABLES = ["confusion_matrix", "reliability"] as const;

/** The tables that metrics have of their own, by name, whether they have rows or not, with a column `metric`. */
export function ownTables(metrics: Readonly<Record<string, Metric>>): Map<string, Row[]> {
  const tables = new Map<string, Row[]>(TABLES.map((name) => [name, []]));
  for (const [metric, one] of Object.entries(metrics)) {
    const own = one.tables();
    for (const name of TABLES) tables.get(name)?.push(...(own[name] ?? []).map((row): Row => ({ metric, ...row })));
  }
  return tables;
}

/** Columns that are whole numbers, or words. The others are floats. */
const NOT_FLOATS: ReadonlySet<string> = new Set([
  ...["column", "group", "metric", "method", "stratified_by", "class", "label", "predicted", "n"],
  ...["n_resamples", "n_defined", "seed", "n_participants", "n_samples"],
]);

/** Writes rows in place of those that a file has of these metrics; a file without any is deleted. */
export function replaceRows(path: string, metrics: readonly string[], rows: readonly Row[]): void {
  const others = existsSync(path) ? readTsv(path).filter(({ metric }) => !metrics.includes(String(metric))) : [];
  const all = [...others, ...withEmptyCells(rows)];
  if (all.length === 0) {
    rmSync(path, { force: true });
    return;
  }
  const columns = [...columnsOf(all)];
  writeTsv(path, all, columns, { floats: columns.filter((column) => !NOT_FLOATS.has(column)) });
}
