import type { Batch } from "../data/dataloader/index.ts";
import type { DataPoint } from "../data/structures/index.ts";
import { ConfigError } from "../utils/exceptions.ts";

/**
 * The size in millimetres of the voxels of an image of each sample, along each axis that it has in the batch: a squeezed slice has
 * two.
 * @throws ConfigError when the field is no image.
 */
export function voxelSizes(name: string, batch: Batch, field: string): (readonly number[])[] {
  return batch.samples.map((sample) => {
    const image = sample.images.get(field);
    if (image === undefined) {
      throw new ConfigError(
        `${name}: 'spacing' is "mm", and ${sample.who}: '${field}' is no image, of which the size of voxels is known. Compare with an image or mask of the dataset, or measure in voxels: spacing: "voxel".`,
      );
    }
    const squeezed = squeezedAxis(sample);
    return image.spacing.filter((_, axis) => axis !== squeezed);
  });
}

/** The axis that a slice has, and its tensor in the batch has not. */
function squeezedAxis(sample: DataPoint): number | null {
  if (!("sliceDirection" in sample) || !("squeeze" in sample)) return null;
  return sample.squeeze === true && typeof sample.sliceDirection === "number" ? sample.sliceDirection : null;
}
