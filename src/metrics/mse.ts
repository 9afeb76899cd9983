import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { compared, fields, getNotNans, type MetricConfig, reduction } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { differences, PerSampleMetric } from "./per-sample.ts";

/**
 * Mean squared error.
 *
 * @example
 * ```ts
 * using batch = batchOf([[61], [70], [82]], [[65], [68], [80]]);
 * const metric = new MSEMetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 8.0000
 * ```
 */
export class MSEMetricConfig
  extends configClass(
    "MSEMetric",
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
      values: (pred, label) => differences(pred, label).square().mean([1]),
    });
  }
}
