import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { maskedValues, maskingMethodField } from "../masking.ts";
import { checkSelection, perImage, selectionFields } from "../selection.ts";
import type { Transform, TransformConfig } from "../types.ts";

const schema = z.strictObject({ maskingMethod: maskingMethodField, ...selectionFields });

/**
 * Subtracts the mean of each image and divides by its standard deviation (n - 1), taken over all voxels or under `maskingMethod`.
 * Masks are left alone. As TorchIO's `ZNormalization`.
 *
 * @throws ImageError, naming the participant, when the deviation is 0 or not a number: nothing to normalise, or a damaged image.
 */
export class ZNormalizationConfig extends configClass("ZNormalization", schema) implements TransformConfig {
  constructor(fields?: Input<typeof schema>) {
    super(fields);
    checkSelection("ZNormalizationConfig", this);
  }

  getObject(): Transform {
    return perImage(this.name_, this, { scalarOnly: true }, (image, where, _rng, name) => {
      const tensor = image.tensor.to({ dtype: "float32" });
      const values = maskedValues(this.name_, tensor, where, this.maskingMethod);
      if (values.numel() < 2) {
        throw new ImageError(
          `ZNormalization: the mask leaves ${values.numel()} voxels of '${name}' of ${where.participantId}, ${where.sessionId}; at least 2 are needed.`,
        );
      }
      const mean = values.mean();
      const std = values.std();
      const spread = std.item();
      if (!(spread > 0)) {
        const why = spread === 0 ? "all its values are the same" : "it holds values that are not numbers";
        throw new ImageError(
          `ZNormalization: '${name}' of ${where.participantId}, ${where.sessionId} cannot be normalised: ${why}. Check the file, or leave it out.`,
        );
      }
      image.tensor = tensor.sub(mean).div_(std);
    });
  }
}
