import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { compared, type MetricConfig } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { segmentationOf } from "./segmentation.ts";
import {
  distanceShape,
  mergedShape,
  objectShape,
  oursOfSurfacesDefaults,
  SurfaceMetric,
  surfaceShape,
} from "./surface-metric.ts";

/**
 * The Hausdorff distance of the surfaces of a decided segmentation, one value per class and sample: how far the part of one
 * surface that is furthest from the other is from it, or, with `percentile`, a part less far. As MONAI's
 * `HausdorffDistanceMetric`. Output and label are (N, C, …) with 0 and 1 per class, or (N, 1, …) with the index of the class.
 *
 * A class that is in one of both only is infinitely far, and one that is in neither is left out.
 *
 * @throws ConfigError, DataFrameError naming participants and values that are neither 0 nor 1, nor the index of a class.
 * @example
 * ```ts
 * using batch = batchOf([[[[[1, 1, 0, 0]]]]], [[[[[0, 1, 1, 0]]]]]);
 * const metric = new HausdorffDistanceMetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 1.0000
 * ```
 */
export class HausdorffDistanceMetricConfig
  extends configClass(
    "HausdorffDistanceMetric",
    z.strictObject({
      ...objectShape,

      ...distanceShape,

      /** Which percentile of distances is taken, from 0 to 100; default null: the greatest. */
      percentile: z.number().min(0).max(100).nullable().default(null),

      /** Whether only distances of the output's surface to the label's count; default false: the greater of both directions. */
      directed: z.boolean().default(false),

      ...mergedShape,
      ...surfaceShape,
    }),
    { ours: oursOfSurfacesDefaults },
  )
  implements MetricConfig
{
  optimum(): Optimum {
    return "min";
  }
  getObject(): SurfaceMetric {
    const { directed, distanceMetric, spacing } = this;
    const percentile = this.percentile ?? 100;
    return new SurfaceMetric(compared(this), {
      ...segmentationOf(this),
      distanceMetric,
      spacing,
      subvoxels: false,
      ifOneIsEmpty: Number.POSITIVE_INFINITY,
      classes: null,
      measure(surfaces) {
        const there = percentileOf(surfaces.predToLabel(), percentile);
        return directed ? there : Math.max(there, percentileOf(surfaces.labelToPred(), percentile));
      },
    });
  }
}

/** Between two values, the one at this place of the line from one to the other. Sorts the values. */
function percentileOf(values: Float64Array, percentile: number): number {
  if (percentile === 100) return values.reduce((a, b) => Math.max(a, b), 0);
  values.sort();
  const place = (percentile / 100) * (values.length - 1);
  const below = values[Math.floor(place)] ?? 0;
  const above = values[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}
