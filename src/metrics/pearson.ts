import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { AgreementMetric, deviations } from "./agreement.ts";
import { compared, fields, type MetricConfig } from "./config.ts";
import type { Optimum } from "./metric.ts";

/**
 * The correlation of output and label over all samples (Pearson), from -1 to 1; of several outputs the mean. As `scipy.stats.pearsonr`; NaN where all outputs
 * or all labels are alike. Not in ClinicaDL 2.0.0, which cannot read it.
 *
 * @example
 * ```ts
 * using batch = batchOf([[61], [70], [82]], [[65], [68], [80]]);
 * const metric = new PearsonMetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.9686
 * ```
 */
export class PearsonMetricConfig extends configClass("PearsonMetric", z.strictObject(fields)) implements MetricConfig {
  optimum(): Optimum {
    return "max";
  }
  getObject(): AgreementMetric {
    return new AgreementMetric("PearsonMetric", pearson, compared(this));
  }
}

/** NaN where either has no deviation. */
export function pearson(pred: readonly number[], label: readonly number[]): number {
  const { aa, bb, ab } = deviations(pred, label);
  return aa === 0 || bb === 0 ? Number.NaN : Math.max(-1, Math.min(1, ab / Math.sqrt(aa * bb)));
}
