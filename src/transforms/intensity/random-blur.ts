import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { spacingOf } from "../affine.ts";
import { randomConfig, randomPerImage } from "../base.ts";
import { rangePerAxis } from "../ranges.ts";
import type { Transform, TransformConfig } from "../types.ts";

const std = rangePerAxis({ min: 0 });

/**
 * Blurs each image with a Gaussian, of which the standard deviations along the axes are drawn from `std`, in millimetres: one range for all axes (one number d means 0 to d; default
 * 0 to 2), three numbers, or six. Masks are left alone. As TorchIO's `RandomBlur`.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomBlurConfig({ std: [0, 2] })] });
 * console.log(sample.history.map(({ name_ }) => name_)); // → [ 'RandomBlur' ]
 * ```
 */
export class RandomBlurConfig
  extends randomConfig("RandomBlur", {
    /** The range of the Gaussian's standard deviations, in millimetres: one for all axes (one number d means 0 to d), three numbers, or six; default 0 to 2. */
    std: std.field.default([0, 2]),
  })
  implements TransformConfig
{
  getObject(): Transform {
    return randomPerImage(this, "scalar", {
      drawn: z.strictObject({ std: z.tuple([z.number(), z.number(), z.number()]) }),
      draw: (rng) => ({ std: std.draw(this.std, rng) }),
      change: (image, drawn) => {
        const spacing = spacingOf(image.affine);
        const weights = drawn.std.map((deviation, axis) => gaussian(deviation / (spacing[axis] ?? 1)));
        image.tensor = torch.voxels.symmetricFilter(image.tensor.to({ dtype: "float32" }), weights);
      },
    });
  }
}

/** How many standard deviations of the Gaussian are kept, as in SciPy. */
const TRUNCATE = 4;

/** The weights of a Gaussian from its middle on; all of it is 1. */
function gaussian(deviation: number): number[] {
  if (!(deviation > 1e-15)) return [1];
  const radius = Math.trunc(TRUNCATE * deviation + 0.5);
  const weights = Array.from({ length: radius + 1 }, (_, i) => Math.exp(-0.5 * (i / deviation) ** 2));
  const sum = weights.reduce((total, weight, i) => total + (i === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / sum);
}
