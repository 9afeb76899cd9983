import { checkColumnName } from "../io/maps/index.ts";
import { show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import type { Named } from "../utils/registry.ts";
import type { MetricConfig } from "./config.ts";
import { Metric } from "./metric.ts";
import { metricRegistry } from "./registry.ts";
import { TABLE_KEYS } from "./tables.ts";

/** A metric, its config, or the plain object of the config with its `name_`. */
export type MetricLike = Metric | MetricConfig | Named;

/** @throws ConfigError saying what was expected. */
export function asMetric(name: string, value: unknown): Metric | MetricConfig {
  checkColumnName("A metric", name);
  if (TABLE_KEYS.includes(name)) {
    throw new ConfigError(`A metric cannot be named '${name}', which is a column of the tables. Choose another name.`);
  }
  const metric = value instanceof Metric ? value : metricRegistry.from(`The metric '${name}'`, value);
  if (metric !== null) return metric;
  throw new ConfigError(
    `The metric '${name}' got ${show(value)}. Expected a Metric or the config of ${metricRegistry.names.join(", ")}.`,
  );
}
