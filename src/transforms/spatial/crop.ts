import { transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { bounds, boundsOf } from "./extent.ts";
import { spatial } from "./spatial-transform.ts";

/**
 * Cuts voxels off at the ends of the axes, of images and masks: `cropping` is one number, one for each of x, y and z, or two for each (at the
 * beginning and at the end). As TorchIO's `Crop`.
 *
 * @throws ImageError, naming the participant, when nothing would be left.
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new CropConfig({ cropping: 2 })] });
 * console.log(sample.shape); // → [ 1, 13, 16, 12 ]
 * ```
 */
export class CropConfig
  extends transformConfig("Crop", {
    /** Voxels to cut off: one number, one for each of x, y and z, or two for each (at the beginning and at the end). */
    cropping: bounds,
  })
  implements TransformConfig
{
  getObject(): Transform {
    const cut = boundsOf(this.cropping);
    return spatial(this, {
      step: ({ shape }, place) => {
        const size = cut.map(([before, after], axis) => (shape[axis] ?? 0) - before - after);
        if (size.some((n) => n < 1)) {
          throw place.error(
            `has ${shape.join("×")} voxels: 'cropping' got ${JSON.stringify(this.cropping)}, which leaves nothing.`,
          );
        }
        return { kind: "extent", start: cut.map(([before]) => before), size, mode: 0 };
      },
    });
  }
}
