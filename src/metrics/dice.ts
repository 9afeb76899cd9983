import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { compared, type MetricConfig } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { type Overlap, OverlapMetric, overlapShape } from "./overlap.ts";
import { segmentationOf } from "./segmentation.ts";

/**
 * The Dice score 2·|A∩B| / (|A| + |B|) of a decided segmentation, one value per class and sample: between 0 and 1. As MONAI's
 * `DiceMetric`. Output and label are (N, C, …) with 0 and 1 per class, or (N, 1, …) with the index of the class.
 *
 * Options: `includeBackground` (true: class 0 counts, too), `ignoreEmpty` (true: a class that is nowhere in the label is left
 * out; false: it counts 1 if it is nowhere in the output either, otherwise 0), `numClasses` (as many as the output has channels;
 * needed when both are indices of more than two classes), `reduction` ("mean" or "sum", over classes and then over samples).
 *
 * @throws ConfigError, DataFrameError naming participants and values that are neither 0 nor 1, nor the index of a class.
 * @example
 * ```ts
 * using batch = batchOf([[[[[1, 1, 0, 0]]]]], [[[[[0, 1, 1, 0]]]]]);
 * const metric = new DiceMetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.5000
 * ```
 */
export class DiceMetricConfig
  extends configClass(
    "DiceMetric",
    z.strictObject({
      ...overlapShape,

      /** Always false: one value per class is not available. */
      returnWithLabel: z
        .literal(false, "One value per class is not available: leave 'returnWithLabel' to false")
        .default(false),
    }),
  )
  implements MetricConfig
{
  optimum(): Optimum {
    return "max";
  }
  getObject(): OverlapMetric {
    const { ignoreEmpty } = this;
    return new OverlapMetric(compared(this), segmentationOf(this), (classes) =>
      classes.map((overlap) => dice(overlap, ignoreEmpty)),
    );
  }
}

function dice({ inBoth, inPred, inLabel }: Overlap, ignoreEmpty: boolean): number {
  if (inLabel > 0) return (2 * inBoth) / (inLabel + inPred);
  if (ignoreEmpty) return Number.NaN;
  return inPred === 0 ? 1 : 0;
}
