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

/** The metric of a sweep over all trainings of a trial; null where one of them has none. @param paths of its MAPS. */
export function scoreOf(
  { metric, checkpoint }: { readonly metric: string; readonly checkpoint: string },
  paths: readonly string[],
): Spread | null {
  const all = valuesOf(checkpoint, paths);
  const values = all.get(metric);
  if (values === undefined) {
    const names = [...all.keys()].join(", ");
    throw new ClinicaDLException(`The sweep's metric is '${metric}', and the trials have: ${names}.`);
  }
  return values.some(Number.isNaN) ? null : spreadOf(values);
}
