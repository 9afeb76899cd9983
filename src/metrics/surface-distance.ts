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
 * How far the surface of a decided segmentation is from that of the label on average, one value per class and sample. As MONAI's
 * `SurfaceDistanceMetric`. Output and label are (N, C, …) with 0 and 1 per class, or (N, 1, …) with the index of the class.
 *
 * A class that is in one of both only is infinitely far, and one that is in neither is left out.
 *
 * @throws ConfigError, DataFrameError naming participants and values that are neither 0 nor 1, nor the index of a class.
 * @example
 * ```ts
 * using batch = batchOf([[[[[1, 1, 0, 0]]]]], [[[[[0, 1, 1, 0]]]]]);
 * const metric = new SurfaceDistanceMetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.5000
 * ```
 */
export class SurfaceDistanceMetricConfig
  extends configClass(
    "SurfaceDistanceMetric",
    z.strictObject({
      ...objectShape,

      /** Whether distances of the label's surface to the output's count, too; default false. */
      symmetric: z.boolean().default(false),

      ...distanceShape,

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
    const { symmetric, distanceMetric, spacing } = this;
    return new SurfaceMetric(compared(this), {
      ...segmentationOf(this),
      distanceMetric,
      spacing,
      subvoxels: false,
      ifOneIsEmpty: Number.POSITIVE_INFINITY,
      classes: null,
      measure(surfaces) {
        const sides = symmetric ? [surfaces.predToLabel(), surfaces.labelToPred()] : [surfaces.predToLabel()];
        const parts = sides.reduce((n, side) => n + side.length, 0);
        return sides.reduce((sum, side) => sum + side.reduce((a, b) => a + b, 0), 0) / parts;
      },
    });
  }
}
