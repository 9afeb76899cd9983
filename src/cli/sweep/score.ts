import { existsSync } from "node:fs";
import { Maps } from "../../io/maps/index.ts";
import { type Spread, spreadOf, summarize } from "../../train/summarize.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";

/**
 * The values of each metric over all splits of some MAPS; NaN where one is not defined.
 * @param group of test data. Default: the validation data of each split.
 */
export function valuesOf(checkpoint: string, paths: readonly string[], group?: string): Map<string, number[]> {
  const values = new Map<string, number[]>();
  for (const path of paths) {
    const maps = new Maps(path);
    maps.read();
    const { metrics } = summarize(maps, { checkpoint, ...(group === undefined ? {} : { groupName: group }) });
    for (const { metric, values: found } of metrics) values.set(metric, [...(values.get(metric) ?? []), ...found]);
  }
  return values;
}

/** What a trial reached, or why nothing can be said of it. */
export type Score = { readonly found: true; readonly value: Spread } | { readonly found: false; readonly why: string };

/**
 * The metric of a sweep over all trainings of a trial. Without a value for each of them there is none: a mean of some would be
 * compared with means of all.
 * @param paths of its MAPS.
 */
export function scoreOf(
  { metric, checkpoint }: { readonly metric: string; readonly checkpoint: string },
  paths: readonly string[],
): Score {
  const without = paths.find((path) => !hasModels(path, checkpoint));
  if (without !== undefined) {
    return { found: false, why: `${without} does not have the model '${checkpoint}', with its metrics, of each split` };
  }
  const all = valuesOf(checkpoint, paths);
  const values = all.get(metric);
  if (values === undefined) {
    const names = [...all.keys()].join(", ");
    throw new ClinicaDLException(`The sweep's metric is '${metric}', and the trials have: ${names}.`);
  }
  if (values.some(Number.isNaN)) return { found: false, why: `'${metric}' is not defined for each split` };
  return { found: true, value: spreadOf(values) };
}

function hasModels(path: string, checkpoint: string): boolean {
  const { training } = new Maps(path);
  return training.splitsList.every((split) =>
    existsSync(training.split(split).models.getCheckpointDir(checkpoint).validationMetrics.aggregatedTsv),
  );
}
