import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { compared, fields, type MetricConfig } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { type Forecast, ProbabilityMetric } from "./probabilities.ts";

/**
 * The Brier score (1950): the mean square of how far probabilities are from what came, 0 at best. As `sklearn.metrics.brier_score_loss`: of three classes
 * and more it is the sum over classes, up to 2; of two, that of one of them. Not in ClinicaDL 2.0.0, which cannot read it.
 *
 * The output is the probability of label 1, (N, 1), or those of all classes, (N, C); the label is 0 or 1, the index of the class, or one column per class.
 *
 * @throws ConfigError naming participants whose outputs are no probabilities; DataFrameError for labels that are no classes.
 * @example
 * ```ts
 * using batch = batchOf([[0.9], [0.6], [0.4], [0.1]], [[1], [0], [1], [0]]);
 * const metric = new BrierMetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.1850
 * ```
 */
export class BrierMetricConfig extends configClass("BrierMetric", z.strictObject(fields)) implements MetricConfig {
  optimum(): Optimum {
    return "min";
  }
  getObject(): BrierMetric {
    return new BrierMetric(compared(this));
  }
}

/** What {@link BrierMetricConfig} builds. */
export class BrierMetric extends ProbabilityMetric {
  protected override get shownName(): string {
    return "BrierMetric";
  }
  protected override score(forecasts: readonly Forecast[]): number {
    return forecasts.reduce((sum, forecast) => sum + brier(forecast), 0) / forecasts.length;
  }
}

function brier({ probabilities, label }: Forecast): number {
  if (probabilities.length === 1) return ((probabilities[0] ?? 0) - label) ** 2;
  const sum = probabilities.reduce((total, p, c) => total + (p - Number(c === label)) ** 2, 0);
  return probabilities.length === 2 ? sum / 2 : sum;
}
