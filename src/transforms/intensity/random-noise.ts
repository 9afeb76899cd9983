import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { randomConfig, randomPerImage } from "../base.ts";
import { range } from "../ranges.ts";
import type { Transform, TransformConfig } from "../types.ts";

const mean = range();
const std = range({ min: 0 });

/**
 * Adds Gaussian noise to each image. Its mean is drawn from `mean` (a range; one number m means -m to m; default 0), its standard
 * deviation from `std` (a range, or one number; default 0 to 0.25). Masks are left alone. As TorchIO's `RandomNoise`.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomNoiseConfig({ std: [0, 0.25] })] });
 * console.log(sample.history.map(({ name_ }) => name_)); // → [ 'RandomNoise' ]
 * ```
 */
export class RandomNoiseConfig
  extends randomConfig("RandomNoise", {
    /** The range of the noise's mean: one number m means -m to m; default 0. */
    mean: mean.field.default(0),
    /** The range of the noise's standard deviation, or one number; default 0 to 0.25. */
    std: std.field.default([0, 0.25]),
  })
  implements TransformConfig
{
  getObject(): Transform {
    return randomPerImage(this, "scalar", {
      drawn: z.strictObject({ mean: z.number(), std: z.number(), seed: z.int() }),
      draw: (rng) => ({ mean: mean.draw(this.mean, rng), std: std.draw(this.std, rng), seed: rng.seed() }),
      change: (image, drawn) => {
        image.tensor = torch.voxels.addNoise(image.tensor, drawn);
      },
    });
  }
}
