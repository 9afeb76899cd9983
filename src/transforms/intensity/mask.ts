import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { maskedConfig, perImage } from "../base.ts";
import { maskingMethod } from "../masking.ts";
import type { Transform, TransformConfig } from "../types.ts";

/**
 * Sets the intensities outside a mask to `outsideValue` (default 0). `maskingMethod` says which voxels stay: those of the mask of that name, or of its `labels`
 * only; of a half; or all but some at the borders. Masks are left alone. As TorchIO's `Mask`.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new MaskConfig({ maskingMethod: "brain" })] });
 * console.log(sample.image.tensor.min().item()); // → 0
 * ```
 */
export class MaskConfig
  extends maskedConfig(
    "Mask",
    {
      /** Which voxels stay as they are: those of the mask of this name, of a half, or all but some at the borders. */
      maskingMethod: maskingMethod.nullable(),
    },
    {
      /** What all other voxels become; default 0. */
      outsideValue: z.number().default(0),

      /** Only these labels of the mask count; default null: all that are not 0. */
      labels: z.array(z.int()).min(1).nullable().default(null),
    },
    (options, what) => {
      if (options.labels !== null && typeof options.maskingMethod !== "string")
        throw new ConfigError(`${what}: 'labels' are those of a mask: give its name as 'maskingMethod'.`);
    },
  )
  implements TransformConfig
{
  getObject(): Transform {
    return perImage(this, "scalar", (image, place) => {
      const inside = place.mask(image.tensor, this.maskingMethod, this.labels);
      image.tensor = torch.voxels.fillWhere(image.tensor, inside, { where: false, value: this.outsideValue });
    });
  }
}
