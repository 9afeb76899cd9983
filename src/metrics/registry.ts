import { isBuilder, type Registrable, Registry } from "../utils/registry.ts";
import * as list from "./all.ts";
import type { MetricConfig } from "./config.ts";

/** The metrics by their `name_`. */
export const metricRegistry = new Registry<MetricConfig>("metric", isBuilder, list);

/**
 * Makes the config of a metric of one's own known by its `name_`, so that a MAPS with it can be read.
 * @throws ConfigError when another metric has that name.
 * @example
 * ```ts
 * class MyMetricConfig extends MAEMetricConfig {
 *   static override readonly name_: string = "MyMetric";
 * }
 * registerMetric(MyMetricConfig);
 * console.log(metricRegistry.names.includes("MyMetric")); // → true
 * ```
 */
export function registerMetric(Class: Registrable<MetricConfig>): void {
  metricRegistry.register(Class);
}
