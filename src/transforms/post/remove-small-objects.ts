import { z } from "zod";
import { spacingOf } from "../affine.ts";
import { type ImagePlace, transformConfig } from "../base.ts";
import type { ImageLike, Transform, TransformConfig } from "../types.ts";
import { connectivity, requireLabels, requireSpatial } from "./labels.ts";
import { keep, objectsOf } from "./objects.ts";
import { perValue } from "./values.ts";

const size = z.number().positive();

/**
 * Makes connected objects of fewer than `minSize` voxels (default 64) 0, in the fields and images in `include`; without it, in all images. As MONAI's
 * `RemoveSmallObjects`, on objects: voxels that touch and hold the same label.
 *
 * - `connectivity`: 1 (voxels touch by faces; the default), 2 (by edges too), 3 (by corners too); null: as many as there are spatial dimensions.
 * - `independentChannels`: default true; false takes all labels and channels together: an object is whatever is not 0.
 * - `byMeasure`: `minSize` is a volume, in the unit of voxel sizes to the power of the dimensions (mm³). Default false.
 * - `pixdim`: the size of a voxel, of all axes or each, for `byMeasure`. Default null: the image's own.
 *
 * @throws ImageError, naming the participant, when an image holds numbers that are no labels, or `byMeasure` knows no voxel sizes.
 * @example
 * ```ts
 * using batch = batchOf([[[[[1, 1, 0, 1]]]]], [0]);
 * const [sample] = batch.samples;
 * const large = new RemoveSmallObjectsConfig({ include: ["output"], minSize: 2 }).getObject();
 * if (sample !== undefined) large.apply(sample, new Rng(0));
 * console.log(sample?.getField("output")); // → tensor([[[[1., 1., 0., 0.]]]])
 * ```
 */
export class RemoveSmallObjectsConfig
  extends transformConfig("RemoveSmallObjects", {
    /** Objects of fewer voxels become 0; default 64. */
    minSize: z.int().min(1).default(64),
    connectivity: connectivity.default(1),
    independentChannels: z.boolean().default(true),
    byMeasure: z.boolean().default(false),
    pixdim: z
      .union([size, z.array(size).min(1).max(3)])
      .nullable()
      .default(null),
  })
  implements TransformConfig
{
  getObject(): Transform {
    return perValue(this, (x, place, image) => {
      requireSpatial(x, place, this.connectivity);
      requireLabels(x, place);
      const least = this.byMeasure
        ? Math.ceil(this.minSize / this.#voxelVolume(x.ndim - 1, place, image))
        : this.minSize;
      if (x.numel() === 0) return x;
      const parts = this.independentChannels ? x : x.ne(0).any(0, true);
      const { objects, numbers } = objectsOf(parts, this.connectivity);
      return keep(
        x,
        numbers,
        objects.map((object) => object.size >= least),
      );
    });
  }

  #voxelVolume(dimensions: number, place: ImagePlace, image: ImageLike | null): number {
    const { pixdim } = this;
    if (typeof pixdim === "number") return pixdim ** dimensions;
    const sizes = pixdim ?? (image === null ? null : spacingOf(image.affine));
    if (sizes === null) {
      throw place.error("is no image, of which voxel sizes are known. Give 'pixdim', or leave out 'byMeasure'.");
    }
    if (sizes.length !== dimensions) {
      throw place.error(
        `has ${dimensions} spatial dimensions, and 'pixdim' ${sizes.length} numbers. Give one for each.`,
      );
    }
    return sizes.reduce((product, one) => product * one, 1);
  }
}
