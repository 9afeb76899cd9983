import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { maskedConfig, perImage } from "../base.ts";
import { maskingMethodField, percentilesOf } from "../masking.ts";
import type { Transform, TransformConfig } from "../types.ts";

const sorted = ([low, high]: readonly [number, number]): boolean => low < high;
const pair = z.tuple([z.number(), z.number()]).refine(sorted, "Give the smaller number first");
/** One number n is -n to n. */
const bounds = z.union([z.number().positive(), pair]);
const boundsOf = (given: z.output<typeof bounds>): readonly [number, number] =>
  typeof given === "number" ? [-given, given] : given;
const percent = z.number().min(0).max(100);

/**
 * Brings the intensities of each image to `outMinMax` (default 0 to 1): values beyond the `percentiles` (default 0 and 100: none),
 * taken over all voxels or under `maskingMethod`, are cut off, then the range from `inMinMax` (default: the smallest and greatest value
 * left) is stretched. Masks are left alone. As TorchIO's `RescaleIntensity`.
 *
 * @throws ImageError, naming the participant, when all values are the same, or some are infinite or no numbers.
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new RescaleIntensityConfig({ outMinMax: [0, 1], percentiles: [0.5, 99.5] })] });
 * const [low, high] = [sample.image.tensor.min().item(), sample.image.tensor.max().item()];
 * console.log(low.toFixed(3), high.toFixed(3)); // → 0.000 1.000
 * ```
 */
export class RescaleIntensityConfig
  extends maskedConfig(
    "RescaleIntensity",
    {
      /** Which voxels count: those of the mask of this name, or another part of the image; default null: all. */
      maskingMethod: maskingMethodField,
    },
    {
      /** The range that intensities are brought to, one number n for -n to n; default 0 to 1. */
      outMinMax: bounds.default([0, 1]),

      /** Values beyond these percentiles are cut off first; default 0 and 100: none. */
      percentiles: z.tuple([percent, percent]).refine(sorted, "Give the smaller number first").default([0, 100]),

      /** The range that is stretched, one number n for -n to n; default null: from the smallest to the greatest value left. */
      inMinMax: bounds.nullable().default(null),
    },
  )
  implements TransformConfig
{
  getObject(): Transform {
    return perImage(this, "scalar", (image, place) => {
      const tensor = image.tensor.to({ dtype: "float32" });
      const values = place.masked(tensor, this.maskingMethod);
      const [from, to] = this.percentiles;
      const all = this.maskingMethod === null && from === 0 && to === 100;
      if (values.numel() === 0) throw place.error("has no voxel under the mask.");
      const percentiles = all ? EVERYTHING : percentilesOf(values.flatten(), [from, to]);
      const [low = Number.NaN, high = Number.NaN] = percentiles.map(Math.fround);
      const [inMin, inMax] =
        this.inMinMax === null ? cut(torch.voxels.extent(tensor), low, high) : boundsOf(this.inMinMax);
      if (!(inMax > inMin && Number.isFinite(inMax - inMin))) {
        throw place.error(
          `cannot be rescaled: its values go from ${inMin} to ${inMax}. Check the file, or leave it out.`,
        );
      }
      image.tensor = torch.voxels.rescale(tensor, { low, high, from: [inMin, inMax], to: boundsOf(this.outMinMax) });
    });
  }
}

const EVERYTHING = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

/** The smallest and the greatest value that are left; NaN stays NaN. */
function cut([least, greatest]: readonly [number, number], low: number, high: number): readonly [number, number] {
  return [Math.min(Math.max(least, low), high), Math.min(Math.max(greatest, low), high)];
}
