import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { compared, fields, getNotNans, type MetricConfig } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { segmentationOf } from "./segmentation.ts";
import { distanceShape, mergedShape, oursOfSurfacesDefaults, SurfaceMetric, surfaceShape } from "./surface-metric.ts";

/**
 * The normalised surface Dice of a decided segmentation, one value per class and sample: the part of both surfaces that is no
 * further from the other than the class tolerates (Nikolov et al. 2018, arXiv:1809.04430). As MONAI's `SurfaceDiceMetric`.
 * Output and label are (N, C, …) with 0 and 1 per class, or (N, 1, …) with the index of the class.
 *
 * It is 0 for a class that is in one of both only; one that is in neither is left out.
 *
 * @throws ConfigError, DataFrameError naming participants and values that are neither 0 nor 1, nor the index of a class.
 * @example
 * ```ts
 * using batch = batchOf([[[[[1, 1, 0, 0]]]]], [[[[[0, 1, 1, 0]]]]]);
 * const metric = new SurfaceDiceMetricConfig({ classThresholds: [1] }).getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 1.0000
 * ```
 */
export class SurfaceDiceMetricConfig
  extends configClass(
    "SurfaceDiceMetric",
    z.strictObject({
      /** Always false: the count of values that are not NaN is not available. */
      getNotNans,
      ...fields,

      /** The distance that is tolerated for each class that counts, 0 or greater, in the unit of `spacing`. Required. */
      classThresholds: z.array(z.number().nonnegative()),

      /** Whether class 0 counts, too; default false. */
      includeBackground: z.boolean().default(false),

      ...distanceShape,
      ...mergedShape,

      /** Whether surfaces lie between voxels and count by their area, rather than by the number of voxels at the edge; default false. */
      useSubvoxels: z.boolean().default(false),
      ...surfaceShape,
    }),
    { ours: oursOfSurfacesDefaults },
  )
  implements MetricConfig
{
  optimum(): Optimum {
    return "max";
  }
  getObject(): SurfaceMetric {
    const { classThresholds, distanceMetric, spacing, useSubvoxels } = this;
    // the original accepts such a config, which is therefore read, but nothing can be computed with it
    if (classThresholds.length === 0) {
      throw new ConfigError(`${this.name_}: 'classThresholds' is empty. Give one for each class that counts.`);
    }
    return new SurfaceMetric(compared(this), {
      ...segmentationOf(this),
      distanceMetric,
      spacing,
      subvoxels: useSubvoxels,
      ifOneIsEmpty: 0,
      classes: classThresholds.length,
      measure(surfaces, place) {
        // in single precision, or 3 voxels of 0.1 mm would be further than 0.3 mm
        const tolerated = Math.fround(classThresholds[place] ?? 0);
        let near = 0;
        let all = 0;
        const count = (distances: Float64Array, sizes: Float64Array): void => {
          distances.forEach((distance, i) => {
            const size = sizes[i] ?? 0;
            all += size;
            if (Math.fround(distance) <= tolerated) near += size;
          });
        };
        count(surfaces.predToLabel(), surfaces.predSizes);
        count(surfaces.labelToPred(), surfaces.labelSizes);
        return near / all;
      },
    });
  }
}
