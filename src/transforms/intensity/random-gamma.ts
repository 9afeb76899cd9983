import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { randomConfig, randomPerImage } from "../base.ts";
import { range } from "../ranges.ts";
import type { Transform, TransformConfig } from "../types.ts";

const logGamma = range();

/**
 * Changes the contrast of each image: its values are raised to a power γ, of which the logarithm is drawn from `logGamma`, for each channel (a range; one
 * number d means -d to d; default -0.3 to 0.3). Negative values keep their sign: sign(x)·|x|^γ. Masks are left alone. As TorchIO's `RandomGamma`.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomGammaConfig({ logGamma: [-0.3, 0.3] })] });
 * console.log(sample.history.map(({ name_ }) => name_)); // → [ 'RandomGamma' ]
 * ```
 */
export class RandomGammaConfig
  extends randomConfig("RandomGamma", {
    /** The range of the logarithm of γ: one number d means -d to d; default -0.3 to 0.3. */
    logGamma: logGamma.field.default([-0.3, 0.3]),
  })
  implements TransformConfig
{
  getObject(): Transform {
    return randomPerImage(this, "scalar", {
      drawn: z.strictObject({ gamma: z.array(z.number()) }),
      draw: (rng, image) => ({
        gamma: Array.from({ length: image.tensor.shape[0] ?? 1 }, () => Math.exp(logGamma.draw(this.logGamma, rng))),
      }),
      change: (image, { gamma }) => {
        image.tensor = torch.voxels.signedPower(image.tensor.to({ dtype: "float32" }), gamma);
      },
    });
  }
}
