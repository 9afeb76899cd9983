import { z } from "zod";
import { ConfigError } from "../../utils/exceptions.ts";
import { perImage, transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";

const bound = z.number().nullable().default(null);

/**
 * Cuts intensities below `outMin` and above `outMax` (at least one of them). Masks are left alone. As TorchIO's `Clamp`.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new ClampConfig({ outMin: 0, outMax: 100 })] });
 * const [low, high] = [sample.image.tensor.min().item(), sample.image.tensor.max().item()];
 * console.log(low.toFixed(3), high.toFixed(3)); // → 0.000 100.000
 * ```
 */
export class ClampConfig
  extends transformConfig(
    "Clamp",
    {
      /** Intensities below this become this; default null: no bound. */
      outMin: bound,
      /** Intensities above this become this; default null: no bound. */
      outMax: bound,
    },
    ({ outMin, outMax }, what) => {
      if (outMin === null && outMax === null)
        throw new ConfigError(`${what}: neither 'outMin' nor 'outMax' is given. Give one of them.`, {
          fieldNames: ["outMin", "outMax"],
        });
      if (outMin !== null && outMax !== null && outMin > outMax)
        throw new ConfigError(`${what}: 'outMin' got ${outMin}, which is above 'outMax' (${outMax}).`, {
          fieldNames: ["outMin", "outMax"],
        });
    },
  )
  implements TransformConfig
{
  getObject(): Transform {
    return perImage(this, "scalar", (image) => {
      image.tensor = image.tensor.clamp(this.outMin, this.outMax);
    });
  }
}
