import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { requireSpatial } from "./labels.ts";
import { perValue } from "./values.ts";

const size = z.number().positive();

/**
 * The Euclidean distance of each voxel that is not 0 to the nearest that is, exact, each channel by itself, of the fields and images in `include`; without it,
 * of all images. As MONAI's `DistanceTransformEDT`. The result is float32.
 *
 * `sampling`: the size of a voxel, of all axes or of each, so that distances are in millimetres. Default null: they are in voxels.
 *
 * @throws ImageError, naming the participant, when a channel has no voxel that is 0: there is no distance then.
 * @example
 * ```ts
 * using batch = batchOf([[[[[0, 1, 1]]]]], [0]); // of each sample (1, 1, 1, 3)
 * const [sample] = batch.samples;
 * if (sample !== undefined) new DistanceTransformEDTConfig({ include: ["output"] }).getObject().apply(sample, new Rng(0));
 * console.log(sample?.getField("output")); // → tensor([[[[0., 1., 2.]]]])
 * ```
 */
export class DistanceTransformEDTConfig
  extends transformConfig("DistanceTransformEDT", {
    /** The size of a voxel, of all axes or of each, so that distances are in millimetres; default null: they are in voxels. */
    sampling: z
      .union([size, z.array(size).min(1).max(3)])
      .nullable()
      .default(null),
  })
  implements TransformConfig
{
  getObject(): Transform {
    const sampling = this.sampling ?? 1;
    return perValue(this, (x, place) => {
      requireSpatial(x, place);
      if (Array.isArray(sampling) && sampling.length !== x.ndim - 1) {
        throw place.error(
          `has ${x.ndim - 1} spatial dimensions, and 'sampling' ${sampling.length} numbers. Give one for each.`,
        );
      }
      if (x.isFloatingPoint() && x.isnan().any().item()) throw place.error("holds values that are not numbers (NaN).");
      const full = x.flatten(1).ne(0).all(1).toNumbers().indexOf(1);
      if (full >= 0 && x.numel() > 0) {
        throw place.error(
          `has no voxel that is 0 in channel ${full}, so that there is nothing to measure distances to.`,
        );
      }
      return torch.morphology.distanceTransform(x, { sampling });
    });
  }
}
