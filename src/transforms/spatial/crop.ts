import { perImage, transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { bounds, boundsOf, setExtent } from "./extent.ts";

/**
 * Cuts voxels off at the ends of the axes, of images and masks: `cropping` is one number, one for each of x, y and z, or two for each (at the
 * beginning and at the end). As TorchIO's `Crop`.
 *
 * @throws ImageError, naming the participant, when nothing would be left.
 */
export class CropConfig extends transformConfig("Crop", { cropping: bounds }) implements TransformConfig {
  getObject(): Transform {
    const cut = boundsOf(this.cropping);
    return perImage(this, "all", (image, place) => {
      const size = cut.map(([before, after], axis) => (image.tensor.shape[axis + 1] ?? 0) - before - after);
      if (size.some((n) => n < 1)) {
        throw place.error(
          `has ${image.tensor.shape.slice(1).join("×")} voxels: 'cropping' got ${JSON.stringify(this.cropping)}, which leaves nothing.`,
        );
      }
      setExtent(
        image,
        cut.map(([before]) => before),
        size,
        0,
      );
    });
  }
}
