import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { AgreementMetric } from "./agreement.ts";
import { compared, fields, type MetricConfig } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { pearson } from "./pearson.ts";
import { ties } from "./ranking.ts";
/**
 * The rank correlation of output and label over all samples (Spearman), from -1 to 1; equal values share the mean of their ranks; of several outputs the mean. As
 * `scipy.stats.spearmanr`; NaN where all outputs or all labels are alike. Not in ClinicaDL 2.0.0, which cannot read it.
 *
 * @example
 * ```ts
 * using batch = batchOf([[61], [70], [82]], [[65], [68], [80]]);
 * const metric = new SpearmanMetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 1.0000
 * ```
 */
export class SpearmanMetricConfig
  extends configClass("SpearmanMetric", z.strictObject(fields))
  implements MetricConfig
{
  optimum(): Optimum {
    return "max";
  }
  getObject(): AgreementMetric {
    return new AgreementMetric("SpearmanMetric", spearman, compared(this));
  }
}

/** NaN where either has one rank only. */
export function spearman(pred: readonly number[], label: readonly number[]): number {
  return pearson(ranks(pred), ranks(label));
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const found = values.map(() => 0);
  let before = 0;
  for (const run of ties(order, values)) {
    for (const i of run) found[i] = before + (run.length + 1) / 2;
    before += run.length;
  }
  return found;
}
