import { z } from "zod";
import { configClass, type Input } from "../utils/config.ts";
import { orientationOf, shiftOrigin } from "./affine.ts";
import { checkSelection, perImage, selectionFields } from "./selection.ts";
import type { Transform, TransformConfig } from "./types.ts";

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
      const directions = orientationOf(image.affine);
      if (directions.every(({ world, sign }, axis) => world === axis && sign === 1)) return;
      const flipped = [0, 1, 2].filter((axis) => directions[axis]?.sign === -1);
      // the voxel that becomes the first one
      const corner = [0, 1, 2].map((axis) => (flipped.includes(axis) ? (image.tensor.shape[axis + 1] ?? 1) - 1 : 0));
      const shifted = shiftOrigin(image.affine, corner);
      const from = [0, 1, 2].map((world) => directions.findIndex((d) => d.world === world));
      const affine = Float64Array.from(shifted);
      from.forEach((axis, world) => {
        const sign = directions[axis]?.sign ?? 1;
        for (let row = 0; row < 3; row++) affine[row * 4 + world] = sign * (shifted[row * 4 + axis] ?? 0);
      });
      const straight = flipped.length === 0 ? image.tensor : image.tensor.flip(flipped.map((axis) => axis + 1));
      image.tensor = straight.permute([0, ...from.map((axis) => axis + 1)]).contiguous();
      image.affine = affine;
    });
  }
}
