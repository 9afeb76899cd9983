import { orientationOf } from "../affine.ts";
import { transformConfig } from "../base.ts";
import { reorientation } from "../reorient.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { spatial } from "./spatial-transform.ts";

/**
 * Reorders and flips the voxel axes so that they run to the right, to the front and up (RAS+), images and masks alike. No voxel
 * value changes. As TorchIO's `ToCanonical` (nibabel's `as_closest_canonical`).
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new ToCanonicalConfig()] });
 * console.log(sample.image.affine[0] > 0); // → true
 * ```
 */
export class ToCanonicalConfig extends transformConfig("ToCanonical", {}) implements TransformConfig {
  getObject(): Transform {
    return spatial(this, {
      step: (grid) => {
        const found = reorientation(grid, orientationOf(grid.affine));
        return found && { kind: "axes", ...found };
      },
    });
  }
}
