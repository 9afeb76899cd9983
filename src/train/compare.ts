import { existsSync } from "node:fs";
import type { Maps } from "../io/maps/index.ts";
import { pairKey, readParticipants } from "../io/tsv/index.ts";
import type { JsonObject, JsonValue } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { differences, readValue } from "./differences.ts";
import {
  type MetricSummary,
  type Spread,
  type SummarizeOptions,
  type Summary,
  spreadOf,
  summarize,
} from "./summarize.ts";

/** A metric in several experiments. */
export interface ComparedMetric {
  readonly metric: string;
  /** Of each experiment; null where it has no such metric. */
  readonly summaries: readonly (MetricSummary | null)[];
  /** By how much each experiment is above the first, in the splits that both validated on the same data: null where there are none. */
  readonly differences: readonly (Spread | null)[];
}

/** An option that experiments do not have alike; undefined where one has none. */
export interface ComparedOption {
  readonly path: string;
  readonly values: readonly (JsonValue | undefined)[];
}

export interface Comparison {
  readonly metrics: readonly ComparedMetric[];
  readonly options: readonly ComparedOption[];
}

/**
 * Experiments side by side: their metrics over splits, and in which options they differ.
 *
 * Differences are taken split by split, where the participants and sessions of the split are the same in both: their standard deviation is that of what
 * the experiments differ by, not of what the splits differ by. Folds share what they were trained on, so that no p-value follows from them.
 *
 * @throws ConfigError for fewer than two. @throws ClinicaDLException for one without such metrics.
 */
export function compare(experiments: readonly Maps[], options: SummarizeOptions): Comparison {
  const [first, ...others] = experiments;
  if (first === undefined || others.length === 0) throw new ConfigError("Give at least two MAPS to compare.");
  const summaries = experiments.map((maps) => summarize(maps, options));
  const names = [...new Set(summaries.flatMap(({ metrics }) => metrics.map(({ metric }) => metric)))];
  const common = experiments.map((maps, i) => {
    const [a, b] = [summaries[0], summaries[i]];
    if (a === undefined || b === undefined || i === 0) return [];
    const shared = a.splits.filter((split) => b.splits.includes(split));
    return shared.filter((split) => dataOf(first, split, options.groupName) === dataOf(maps, split, options.groupName));
  });
  const metrics = names.map((metric): ComparedMetric => {
    const of = (summary: Summary): MetricSummary | null => summary.metrics.find((one) => one.metric === metric) ?? null;
    const above = common.map((splits, i) => {
      const found = splits.map((split) => valueIn(summaries[i], metric, split) - valueIn(summaries[0], metric, split));
      const defined = found.filter((value) => !Number.isNaN(value));
      return defined.length === 0 ? null : spreadOf(defined);
    });
    return { metric, summaries: summaries.map(of), differences: above };
  });
  return { metrics, options: optionsOf(experiments) };
}

function valueIn(summary: Summary | undefined, metric: string, split: number): number {
  const index = summary?.splits.indexOf(split) ?? -1;
  return summary?.metrics.find((one) => one.metric === metric)?.values[index] ?? Number.NaN;
}

/** Participants and sessions that a split was evaluated on, in an order of their own. */
function dataOf(maps: Maps, split: number, group: string | undefined): string {
  const { dataTsv } = group === undefined ? maps.training.data.validation(split) : maps.test.group(group);
  return readParticipants(dataTsv, { checkDuplicates: false, sessionsOptional: true }).map(pairKey).sort().join("\n");
}

/** The options in which the records of the experiments differ, from those of the first. */
function optionsOf(experiments: readonly Maps[]): ComparedOption[] {
  const described = experiments.map(recordsOf);
  const found = new Map<string, (JsonValue | undefined)[]>();
  for (const [i, one] of described.entries()) {
    for (const what of Object.keys({ ...described[0], ...one })) {
      for (const { path, values } of differences(what, described[0]?.[what], one[what])) {
        const [expected, value] = values;
        const row = found.get(path) ?? described.map(() => expected);
        row[i] = value;
        found.set(path, row);
      }
    }
  }
  // what is validated on is mostly described as what is trained on: said once
  const isTwice = ([path, values]: [string, unknown]): boolean =>
    path.startsWith(VALIDATION) && JSON.stringify(found.get(path.slice(VALIDATION.length))) === JSON.stringify(values);
  return [...found].filter((row) => !isTwice(row)).map(([path, values]) => ({ path, values }));
}

const VALIDATION = "validation.";

/** What a MAPS says of how it was made; of its splits, which are made alike, its first one does. */
function recordsOf({ modelJson, metricsJson, callbacksJson, training }: Maps): JsonObject {
  const [split] = training.splitsList;
  const ofSplit = (split: number): [what: string, path: string][] => [
    ["computational", training.split(split).computationalJson],
    ["dataloader", training.data.train(split).dataloaderJson],
    ["dataset", training.data.train(split).datasetJson],
    [`${VALIDATION}dataset`, training.data.validation(split).datasetJson],
  ];
  const files: [what: string, path: string][] = [
    ["model", modelJson],
    ["optimization", training.optimizationJson],
    ["metrics", metricsJson],
    ["callbacks", callbacksJson],
    ...(split === undefined ? [] : ofSplit(split)),
  ];
  return Object.fromEntries(
    files.flatMap(([what, path]) => (existsSync(path) ? [[what, withoutTable(readValue(path))]] : [])),
  );
}

/** The participants of a split are no option. */
function withoutTable(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const { data: _, ...options } = value;
  return options;
}
