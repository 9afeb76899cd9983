import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { AgreementMetric } from "./agreement.ts";
import { compared, fields, type MetricConfig } from "./config.ts";
import type { Optimum } from "./metric.ts";

/**
 * The coefficient of determination R²: 1 - Σ (label - output)² / Σ (label - mean label)², over all samples; of several outputs the mean. 1 is perfect, 0 what the
 * mean label would reach. As `sklearn.metrics.r2_score`; NaN where all labels are alike. Not in ClinicaDL 2.0.0, which cannot read it.
 *
 * @example
 * ```ts
 * using batch = batchOf([[61], [70], [82]], [[65], [68], [80]]);
 * const metric = new R2MetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.8095
 * ```
 */
export class R2MetricConfig extends configClass("R2Metric", z.strictObject(fields)) implements MetricConfig {
  optimum(): Optimum {
    return "max";
  }
  getObject(): AgreementMetric {
    return new AgreementMetric("R2Metric", r2, compared(this));
  }
}

/** NaN of fewer than two samples, and where all labels are alike. */
export function r2(pred: readonly number[], label: readonly number[]): number {
  const mean = label.reduce((sum, value) => sum + value, 0) / label.length;
  const total = label.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const rest = label.reduce((sum, value, i) => sum + (value - (pred[i] ?? 0)) ** 2, 0);
  return total === 0 ? Number.NaN : 1 - rest / total;
}
