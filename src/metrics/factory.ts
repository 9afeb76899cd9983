import type { Registry } from "../utils/registry.ts";
import {
  AveragePrecisionMetricConfig,
  ConfusionMatrixMetricConfig,
  LossMetricConfig,
  MAEMetricConfig,
  type MetricConfig,
  MSEMetricConfig,
  RMSEMetricConfig,
  ROCAUCMetricConfig,
} from "./configs.ts";

/** The metric configs, by their `name_`. */
export const METRIC_CONFIGS: Registry<MetricConfig> = {
  LossMetric: LossMetricConfig,
  ConfusionMatrixMetric: ConfusionMatrixMetricConfig,
  ROCAUCMetric: ROCAUCMetricConfig,
  AveragePrecisionMetric: AveragePrecisionMetricConfig,
  MSEMetric: MSEMetricConfig,
  MAEMetric: MAEMetricConfig,
  RMSEMetric: RMSEMetricConfig,
};
