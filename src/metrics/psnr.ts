import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { compared, fields, getNotNans, type MetricConfig, reduction } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { differences, PerSampleMetric } from "./per-sample.ts";

/**
 * Peak signal-to-noise ratio of each sample, in decibels: 20·log₁₀(`maxVal`) − 10·log₁₀(mean squared error). As MONAI's
 * `PSNRMetric`. Infinite where output and label are equal.
 *
 * @example
 * ```ts
 * const image = torch.arange(4096).view([1, 16, 16, 16]).div(4096);
 * using batch = batchOf([image.add(0.1)], [image]);
 * const metric = new PSNRMetricConfig({ maxVal: 1 }).getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 20.0000
 * ```
 */
export class PSNRMetricConfig
  extends configClass(
    "PSNRMetric",
    z.strictObject({
      /** Always false: the count of values that are not NaN is not available. */
      getNotNans,
      ...fields,

      /** The greatest value that an image can have, such as 1 or 255; greater than 0. Required. */
      maxVal: z.number().positive(),

      /** How the values of samples are merged: "mean" (default) or "sum". */
      reduction,
    }),
  )
  implements MetricConfig
{
  optimum(): Optimum {
    return "max";
  }
  getObject(): PerSampleMetric {
    const peak = 20 * Math.log10(this.maxVal);
    return new PerSampleMetric(compared(this), {
      name: this.name_,
      optimum: this.optimum(),
      reduction: this.reduction,
      values: (pred, label) => differences(pred, label).square().mean([1]).log10().mul(-10).add(peak),
    });
  }
}
