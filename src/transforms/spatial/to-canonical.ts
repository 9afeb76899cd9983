import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { orientationOf } from "../affine.ts";
import { reorient } from "../reorient.ts";
import { checkSelection, perImage, selectionFields } from "../selection.ts";
import type { Transform, TransformConfig } from "../types.ts";

const schema = z.strictObject({ ...selectionFields });

/**
 * Reorders and flips the voxel axes so that they run to the right, to the front and up (RAS+), images and masks alike. No voxel
 * value changes. As TorchIO's `ToCanonical` (nibabel's `as_closest_canonical`).
 */
export class ToCanonicalConfig extends configClass("ToCanonical", schema) implements TransformConfig {
  constructor(fields?: Input<typeof schema>) {
    super(fields);
    checkSelection("ToCanonicalConfig", this);
  }

  getObject(): Transform {
    return perImage(this.name_, this, { scalarOnly: false }, (image) => {
      reorient(image, orientationOf(image.affine));
    });
  }
}
