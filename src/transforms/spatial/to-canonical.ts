import { orientationOf } from "../affine.ts";
import { perImage, transformConfig } from "../base.ts";
import { reorient } from "../reorient.ts";
import type { Transform, TransformConfig } from "../types.ts";

/**
 * Reorders and flips the voxel axes so that they run to the right, to the front and up (RAS+), images and masks alike. No voxel
 * value changes. As TorchIO's `ToCanonical` (nibabel's `as_closest_canonical`).
 */
export class ToCanonicalConfig extends transformConfig("ToCanonical", {}) implements TransformConfig {
  getObject(): Transform {
    return perImage(this, "all", (image) => reorient(image, orientationOf(image.affine)));
  }
}
