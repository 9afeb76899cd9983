import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { randomConfig, randomPerImage } from "../base.ts";
import { range } from "../ranges.ts";
import type { Transform, TransformConfig } from "../types.ts";

const zoom = range({ min: 0.01, max: 1 });

/**
 * Makes images as if they had been acquired with fewer voxels: each is sampled to a share of its size that is drawn from `zoom` (one number or a range;
 * default 0.5 to 1), the nearest voxel each, and back to its own size, linearly. Masks are left alone. As nnU-Net's
 * `SimulateLowResolutionTransform` (Isensee et al., 2021); ClinicaDL has none.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomLowResolutionConfig({ zoom: [0.5, 1] })] });
 * console.log(sample.history.map(({ name_ }) => name_)); // → [ 'RandomLowResolution' ]
 * ```
 */
export class RandomLowResolutionConfig
  extends randomConfig("RandomLowResolution", {
    /** The range of the share of its size that an image is sampled to, or one number; default 0.5 to 1. */
    zoom: zoom.field.default([0.5, 1]),
  })
  implements TransformConfig
{
  getObject(): Transform {
    return randomPerImage(this, "scalar", {
      drawn: z.strictObject({ zoom: z.number().positive().max(1) }),
      draw: (rng) => ({ zoom: zoom.draw(this.zoom, rng) }),
      change: (image, drawn) => {
        const size = image.tensor.shape.slice(1);
        const small = size.map((n) => Math.max(1, Math.round(n * drawn.zoom)));
        if (small.every((n, axis) => n === size[axis])) return;
        const fewer = small.reduce(
          (tensor, n, axis) => {
            const from = size[axis] ?? 1;
            // the voxel in whose part of the axis the middle of the new one lies
            const nearest = Array.from({ length: n }, (_, i) => Math.min(from - 1, Math.floor(((i + 0.5) * from) / n)));
            return tensor.indexSelect(axis + 1, torch.tensor(nearest, { dtype: "int64" }));
          },
          image.tensor.to({ dtype: "float32" }),
        );
        image.tensor = torch.upsampleTrilinear3d(fewer.unsqueeze(0), size, false).squeeze(0);
      },
    });
  }
}
