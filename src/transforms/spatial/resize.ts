import { z } from "zod";
import { transformConfig } from "../base.ts";
import { withShape } from "../resampling/grid.ts";
import { interpolations } from "../resampling/interpolation.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { spatial } from "./spatial-transform.ts";
import { samplingOf } from "./step.ts";

const size = z.union([z.int().min(1), z.literal(-1)]);

/**
 * Brings images and masks to `targetShape` voxels (one number, or one for x, y and z; -1 leaves an axis as it is), which fill the space that they filled
 * before: the voxels get another size. `imageInterpolation` (default `"linear"`), and for masks `labelInterpolation` (default
 * `"nearest"`), are `nearest`, `linear`, `bspline`, `cubic`, `gaussian`, `label_gaussian`, `hamming`, `cosine`, `welch`, `lanczos` or `blackman`. As
 * TorchIO's `Resize`.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new ResizeConfig({ targetShape: 8 })] });
 * console.log(sample.shape); // → [ 1, 8, 8, 8 ]
 * ```
 */
export class ResizeConfig
  extends transformConfig("Resize", {
    /** The size in voxels: one number, or one for x, y and z; -1 leaves an axis as it is. */
    targetShape: z.union([size, z.tuple([size, size, size])]),
    ...interpolations,
  })
  implements TransformConfig
{
  getObject(): Transform {
    const { targetShape: target } = this;
    return spatial(this, {
      step: (grid, place) => {
        const sizeOf = (axis: 0 | 1 | 2): number => {
          const n = typeof target === "number" ? target : target[axis];
          return n === -1 ? grid.shape[axis] : n;
        };
        const resized = withShape(grid, [sizeOf(0), sizeOf(1), sizeOf(2)]);
        return samplingOf(resized, grid, { interpolations: this, outside: null }, place);
      },
    });
  }
}
