import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { compared, fields, type MetricConfig, reduction } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { type Overlap, OverlapMetric } from "./overlap.ts";
import { numClasses, segmentationOf } from "./segmentation.ts";

type WeightType = "square" | "simple" | "uniform";

/**
 * The generalised Dice score of a decided segmentation: one value per sample, 2·Σ w·|A∩B| / Σ w·(|A| + |B|) over its classes, in
 * which small ones weigh more (Sudre et al. 2017, DLMIA, doi:10.1007/978-3-319-67558-9_28). As MONAI's `GeneralizedDiceScore`.
 * Output and label are (N, C, …) with 0 and 1 per class, or (N, 1, …) with the index of the class.
 *
 * A class that is nowhere in the label has the greatest weight of those that are. Where all are empty in the label, and
 * weights depend on their size, the score is 1 if they are empty in the output too, else 0.
 *
 * @throws ConfigError, DataFrameError naming participants and values that are neither 0 nor 1, nor the index of a class.
 * @example
 * ```ts
 * using batch = batchOf([[[[[1, 1, 0, 0]]]]], [[[[[0, 1, 1, 0]]]]]);
 * const metric = new GeneralizedDiceScoreConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.5000
 * ```
 */
export class GeneralizedDiceScoreConfig
  extends configClass(
    "GeneralizedDiceScore",
    z.strictObject({
      ...fields,

      /** Whether class 0 counts, too; default true. */
      includeBackground: z.boolean().default(true),

      /** How the values of samples are merged: "mean" (default) or "sum". */
      reduction,

      /** What a class of v voxels in the label weighs: "square" (default) 1/v², "simple" 1/v, "uniform" 1. */
      weightType: z.enum(["square", "simple", "uniform"]).default("square"),

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
    const { weightType } = this;
    return new OverlapMetric(compared(this), segmentationOf(this), (classes) => [generalizedDice(classes, weightType)]);
  }
}

function generalizedDice(classes: readonly Overlap[], type: WeightType): number {
  const weights = classes.map(({ inLabel }) => weightOf(inLabel, type));
  const greatest = Math.max(0, ...weights.filter(Number.isFinite));
  let common = 0;
  let all = 0;
  classes.forEach(({ inBoth, inPred, inLabel }, c) => {
    const weight = weights[c] ?? 0;
    const finite = Number.isFinite(weight) ? weight : greatest;
    common += finite * inBoth;
    all += finite * (inPred + inLabel);
  });
  if (all > 0) return (2 * common) / all;
  return classes.every(({ inPred }) => inPred === 0) ? 1 : 0;
}

function weightOf(voxels: number, type: WeightType): number {
  switch (type) {
    case "square":
      return 1 / voxels ** 2;
    case "simple":
      return 1 / voxels;
    case "uniform":
      return 1;
  }
}
