import { transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { bounds, boundsOf, paddingMode } from "./extent.ts";
import { spatial } from "./spatial-transform.ts";

/**
 * Adds voxels at the ends of the axes, to images and masks: `padding` is one number, one for each of x, y and z, or two for each (at the
 * beginning and at the end). They hold `paddingMode`: a number (default 0), a statistic of the image, or a continuation of
 * it (NumPy's names). As TorchIO's `Pad`.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new PadConfig({ padding: 2 })] });
 * console.log(sample.shape); // → [ 1, 21, 24, 20 ]
 * ```
 */
export class PadConfig
  extends transformConfig("Pad", {
    /** Voxels to add: one number, one for each of x, y and z, or two for each (at the beginning and at the end). */
    padding: bounds,
    /** What they hold: a number, a statistic of the image, or a continuation of it (NumPy's names); default 0. */
    paddingMode,
  })
  implements TransformConfig
{
  getObject(): Transform {
    const added = boundsOf(this.padding);
    return spatial(this, {
      step: ({ shape }) => {
        const start = added.map(([before]) => -before);
        const size = added.map(([before, after], axis) => (shape[axis] ?? 0) + before + after);
        return { kind: "extent", start, size, mode: this.paddingMode };
      },
    });
  }
}
