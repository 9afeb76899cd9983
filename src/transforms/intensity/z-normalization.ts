import { maskedConfig, perImage } from "../base.ts";
import { maskingMethodField } from "../masking.ts";
import type { Transform, TransformConfig } from "../types.ts";

/**
 * Subtracts the mean of each image and divides by its standard deviation (n - 1), taken over all voxels or under `maskingMethod`.
 * Masks are left alone. As TorchIO's `ZNormalization`.
 *
 * @throws ImageError, naming the participant, when the deviation is 0 or not a number: nothing to normalise, or a damaged image.
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new ZNormalizationConfig()] });
 * console.log(sample.image.tensor.std().item().toFixed(2)); // → 1.00
 * ```
 */
export class ZNormalizationConfig
  extends maskedConfig(
    "ZNormalization",
    {
      /** Which voxels count: those of the mask of this name, or another part of the image; default null: all. */
      maskingMethod: maskingMethodField,
    },
    {},
  )
  implements TransformConfig
{
  getObject(): Transform {
    return perImage(this, "scalar", (image, place) => {
      const tensor = image.tensor.to({ dtype: "float32" });
      const values = place.masked(tensor, this.maskingMethod);
      if (values.numel() < 2) throw place.error(`has ${values.numel()} voxels under the mask; at least 2 are needed.`);
      const std = values.std();
      const spread = std.item();
      if (!(spread > 0)) {
        const why = spread === 0 ? "all its values are the same" : "it holds values that are not numbers";
        throw place.error(`cannot be normalised: ${why}. Check the file, or leave it out.`);
      }
      image.tensor = tensor.sub(values.mean()).div_(std);
    });
  }
}
