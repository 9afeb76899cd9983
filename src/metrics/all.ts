/** Every metric: a line here makes it public, and known by its `name_` in plain objects, JSON and a MAPS. */

export { AveragePrecisionMetricConfig } from "./average-precision.ts";
export { ConfusionMatrixMetricConfig } from "./confusion-matrix.ts";
export { DiceMetricConfig } from "./dice.ts";
export { LossMetricConfig } from "./loss-metric.ts";
export { MAEMetricConfig } from "./mae.ts";
export { MSEMetricConfig } from "./mse.ts";
export { RMSEMetricConfig } from "./rmse.ts";
export { ROCAUCMetricConfig } from "./roc-auc.ts";
