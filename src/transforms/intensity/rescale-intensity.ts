import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { maskedValues, maskingMethodField, percentileOf } from "../masking.ts";
import { checkSelection, perImage, selectionFields } from "../selection.ts";
import type { Transform, TransformConfig } from "../types.ts";

const sorted = ([low, high]: readonly [number, number]): boolean => low < high;
const pair = z.tuple([z.number(), z.number()]).refine(sorted, "Give the smaller number first");

const schema = z.strictObject({
  maskingMethod: maskingMethodField,
  ...selectionFields,
  outMinMax: pair.default([0, 1]),
  percentiles: z
    .tuple([z.number().min(0).max(100), z.number().min(0).max(100)])
    .refine(sorted, "Give the smaller number first")
    .default([0, 100]),
  inMinMax: pair.nullable().default(null),
});

/**
 * Brings the intensities of each image to `outMinMax` (default 0 to 1): values beyond the `percentiles` (default 0 and 100: none),
 * taken over all voxels or under `maskingMethod`, are cut off, then the range from `inMinMax` (default: the smallest and greatest value
 * left) is stretched. Masks are left alone. As TorchIO's `RescaleIntensity`.
 *
 * @throws ImageError, naming the participant, when all values are the same.
 */
export class RescaleIntensityConfig extends configClass("RescaleIntensity", schema) implements TransformConfig {
  constructor(fields?: Input<typeof schema>) {
    super(fields);
    checkSelection("RescaleIntensityConfig", this);
  }

  getObject(): Transform {
    return perImage(this.name_, this, { scalarOnly: true }, (image, where, _rng, name) => {
      let tensor = image.tensor.to({ dtype: "float32" });
      const values = maskedValues(this.name_, tensor, where, this.maskingMethod);
      const [from, to] = this.percentiles;
      const all = this.maskingMethod === null && from === 0 && to === 100;
      if (!all) {
        if (values.numel() === 0)
          throw new ImageError(
            `RescaleIntensity: the mask leaves nothing of '${name}' of ${where.participantId}, ${where.sessionId}.`,
          );
        const [ascending] = values.flatten().sort();
        tensor = tensor.clamp(percentileOf(ascending, from), percentileOf(ascending, to));
      }
      const [inMin, inMax] = this.inMinMax ?? [tensor.min().item(), tensor.max().item()];
      if (!(inMax > inMin)) {
        throw new ImageError(
          `RescaleIntensity: '${name}' of ${where.participantId}, ${where.sessionId} cannot be rescaled: its values go from ${inMin} to ${inMax}. Check the file, or leave it out.`,
        );
      }
      const [outMin, outMax] = this.outMinMax;
      image.tensor = tensor
        .sub(inMin)
        .div_(inMax - inMin)
        .mul_(outMax - outMin)
        .add_(outMin);
    });
  }
}
