import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { compared, type MetricConfig } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { type Overlap, OverlapMetric, overlapShape } from "./overlap.ts";
import { segmentationOf } from "./segmentation.ts";

/**
 * The Jaccard index |A∩B| / |A∪B| (intersection over union) of a decided segmentation, one value per class and sample: between
 * 0 and 1. As MONAI's `MeanIoU`. Output and label are (N, C, …) with 0 and 1 per class, or (N, 1, …) with the index of the class.
 *
 * @throws ConfigError, DataFrameError naming participants and values that are neither 0 nor 1, nor the index of a class.
 * @example
 * ```ts
 * using batch = batchOf([[[[[1, 1, 0, 0]]]]], [[[[[0, 1, 1, 0]]]]]);
 * const metric = new MeanIoUConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.3333
 * ```
 */
export class MeanIoUConfig
  extends configClass("MeanIoU", z.strictObject(overlapShape), { ours: { numClasses: null } })
  implements MetricConfig
{
  optimum(): Optimum {
    return "max";
  }
  getObject(): OverlapMetric {
    const { ignoreEmpty } = this;
    return new OverlapMetric(compared(this), segmentationOf(this), (classes) =>
      classes.map((overlap) => iou(overlap, ignoreEmpty)),
    );
  }
}

function iou({ inBoth, inPred, inLabel }: Overlap, ignoreEmpty: boolean): number {
  if (inLabel > 0) return inBoth / (inLabel + inPred - inBoth);
  if (ignoreEmpty) return Number.NaN;
  return inPred === 0 ? 1 : 0;
}
