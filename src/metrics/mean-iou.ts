import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { compared, fields, getNotNans, type MetricConfig, reduction } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { type Overlap, OverlapMetric } from "./overlap.ts";
import { numClasses, segmentationOf } from "./segmentation.ts";

/**
 * The Jaccard index |A∩B| / |A∪B| (intersection over union) of a decided segmentation, one value per class and sample: between
 * 0 and 1. As MONAI's `MeanIoU`. Output and label are (N, C, …) with 0 and 1 per class, or (N, 1, …) with the index of the class.
 *
 * ```ts
 * const postprocessing = [new AsDiscreteConfig({ include: ["output"], threshold: 0.5 })];
 * new Trainer({ maps, model, metrics: { iou: new MeanIoUConfig({ postprocessing }) } });
 * ```
 *
 * @throws ConfigError, DataFrameError naming participants and values that are neither 0 nor 1, nor the index of a class.
 */
export class MeanIoUConfig
  extends configClass(
    "MeanIoU",
    z.strictObject({
      /** Always false: the count of values that are not NaN is not available. */
      getNotNans,
      ...fields,

      /** Whether class 0 counts, too; default true. */
      includeBackground: z.boolean().default(true),

      /** How the values of classes, and then of samples, are merged: "mean" (default) or "sum". */
      reduction,

      /** Whether a class that is nowhere in the label is left out; default true. Otherwise it counts 1 if it is nowhere in the output either, else 0. */
      ignoreEmpty: z.boolean().default(true),

      /** How many classes there are; default null: as many as the output has channels. Needed where both are indices of classes. */
      numClasses,
    }),
    { ours: { numClasses: null } },
  )
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
