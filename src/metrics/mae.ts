import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { compared, fields, getNotNans, type MetricConfig, reduction } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { differences, PerSampleMetric } from "./per-sample.ts";

/**
 * Mean absolute error.
 *
 * @example
 * ```ts
 * using batch = batchOf([[61], [70], [82]], [[65], [68], [80]]);
 * const metric = new MAEMetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 2.6667
 * ```
 */
export class MAEMetricConfig
  extends configClass(
    "MAEMetric",
    z.strictObject({
      /** Always false: the count of values that are not NaN is not available. */
      getNotNans,
      ...fields,
      /** How the values of samples are merged: "mean" (default) or "sum". */
      reduction,
    }),
  )
  implements MetricConfig
{
  optimum(): Optimum {
    return "min";
  }
  getObject(): PerSampleMetric {
    return new PerSampleMetric(compared(this), {
      name: this.name_,
      optimum: this.optimum(),
      reduction: this.reduction,
      values: (pred, label) => differences(pred, label).abs().mean([1]),
    });
  }
}
