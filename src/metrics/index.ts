/** Metrics: how good a model's outputs are. */

/** One file per metric. */
export * from "./all.ts";
export type { HasLossFunctions, MetricConfig } from "./config.ts";
export type { ConfusionMatrixName } from "./confusion-matrix.ts";
/** Several metrics and their tables. */
export { MetricsHandler, type MetricsHandlerOptions } from "./handler.ts";
/** The parent of metrics of one's own. */
export { Metric, type MetricTables, type Optimum, type Undefined } from "./metric.ts";
export type { MetricLike } from "./metric-like.ts";
/** What a metric needs of a batch. */
export type { NeededField } from "./needed-field.ts";
/** What options named `postprocessing` take. */
export { postprocessingSchema } from "./postprocessing.ts";
/** The metrics by `name_`; one's own among them. */
export { metricRegistry, registerMetric } from "./registry.ts";
/** What is published beside values. */
export { type BootstrapOptions, bootstrap, type Interval } from "./statistics/bootstrap.ts";
export { fitTemperature, type Threshold, withTemperature, youdenThreshold } from "./statistics/calibration.ts";
export { type AucDifference, type AucInterval, delong, delongTest } from "./statistics/delong.ts";
export type { GroupBy } from "./statistics/groups.ts";
export { type McNemar, mcnemar } from "./statistics/mcnemar.ts";
export {
  checkStatistics,
  type Evaluated,
  groupTable,
  type IntervalOptions,
  intervalTable,
  ownTables,
  replaceRows,
} from "./statistics/tables.ts";
export { type VoteOptions, votes } from "./statistics/votes.ts";
