import { z } from "zod";
import { perImage, transformConfig } from "../base.ts";
import { maskingMethodField, selectPercentile } from "../masking.ts";
import type { Transform, TransformConfig } from "../types.ts";

const sorted = ([low, high]: readonly [number, number]): boolean => low < high;
const pair = z.tuple([z.number(), z.number()]).refine(sorted, "Give the smaller number first");
const percent = z.number().min(0).max(100);

/**
 * Brings the intensities of each image to `outMinMax` (default 0 to 1): values beyond the `percentiles` (default 0 and 100: none),
 * taken over all voxels or under `maskingMethod`, are cut off, then the range from `inMinMax` (default: the smallest and greatest value
 * left) is stretched. Masks are left alone. As TorchIO's `RescaleIntensity`.
 *
 * @throws ImageError, naming the participant, when all values are the same.
 */
export class RescaleIntensityConfig
  extends transformConfig("RescaleIntensity", {
    maskingMethod: maskingMethodField,
    outMinMax: pair.default([0, 1]),
    percentiles: z.tuple([percent, percent]).refine(sorted, "Give the smaller number first").default([0, 100]),
    inMinMax: pair.nullable().default(null),
  })
  implements TransformConfig
{
  getObject(): Transform {
    return perImage(this, "scalar", (image, place) => {
      let tensor = image.tensor.to({ dtype: "float32" });
      const values = place.masked(tensor, this.maskingMethod);
      const [from, to] = this.percentiles;
      const all = this.maskingMethod === null && from === 0 && to === 100;
      if (!all) {
        if (values.numel() === 0) throw place.error("has no voxel under the mask.");
        const flat = values.flatten();
        tensor = tensor.clamp(selectPercentile(flat, from), selectPercentile(flat, to));
      }
      const [inMin, inMax] = this.inMinMax ?? [tensor.min().item(), tensor.max().item()];
      if (!(inMax > inMin)) {
        throw place.error(
          `cannot be rescaled: its values go from ${inMin} to ${inMax}. Check the file, or leave it out.`,
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
