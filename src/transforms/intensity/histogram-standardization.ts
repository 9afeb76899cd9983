import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { perImage, transformConfig } from "../base.ts";
import { maskingMethodField } from "../masking.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { LANDMARKS, landmarksOf } from "./histogram-landmarks.ts";

/** Which landmarks intensities are mapped by: the quartiles beside the median are known, but not used, as in TorchIO. */
const USED = [0, 1, 2, 4, 5, 6, 7, 8, 10, 11, 12];
/** Landmarks of an image that are nearer than this are one: there is nothing between them to stretch. */
const NEAREST = 1e-5;

const ascending = (values: readonly number[]): boolean =>
  values.every((value, i) => i === 0 || value >= (values[i - 1] ?? value));

/**
 * Brings the intensities of images of different scanners to one scale: the percentiles of each image become `landmarks`, and what is between them is
 * stretched linearly. `landmarks` are the 13 numbers that {@link histogramLandmarks} finds of the images of a training. With `maskingMethod` (as in
 * `ZNormalization`) the percentiles are those of a part. Masks are left alone. As TorchIO's `HistogramStandardization` (Nyúl, Udupa and
 * Zhang, 2000); ClinicaDL has none.
 *
 * @throws ImageError, naming the participant, when an image holds NaN.
 * @example
 * ```ts
 * using other = await dataset.get(1);
 * const landmarks = histogramLandmarks([other.image.tensor]);
 * using sample = await sampleWith({ imageTransforms: [new HistogramStandardizationConfig({ landmarks })] });
 * console.log(sample.shape); // → [ 1, 17, 20, 16 ]
 * ```
 */
export class HistogramStandardizationConfig
  extends transformConfig("HistogramStandardization", {
    /** The 13 numbers, ascending, that `histogramLandmarks` finds of the images of a training. */
    landmarks: z
      .array(z.number())
      .length(LANDMARKS)
      .refine(ascending, "Give them in ascending order, as histogramLandmarks() finds them"),

    /** Which voxels count: those of the mask of this name, or another part of the image; default null: all. */
    maskingMethod: maskingMethodField,
  })
  implements TransformConfig
{
  getObject(): Transform {
    const wanted = USED.map((i) => this.landmarks[i] ?? 0);
    return perImage(this, "scalar", (image, place) => {
      const values = image.tensor.to({ dtype: "float64" });
      if (!values.isfinite().all().item()) throw place.error("holds values that are not numbers, or infinite.");
      const found = landmarksOf(place.masked(values, this.maskingMethod));
      if (found === null) throw place.error("has no voxels under the mask, of which to take percentiles.");
      const own = USED.map((i) => found[i] ?? 0);
      const slopes = own.slice(1).map((end, i) => {
        const length = end - (own[i] ?? 0);
        return length < NEAREST ? 0 : ((wanted[i + 1] ?? 0) - (wanted[i] ?? 0)) / length;
      });
      const offsets = slopes.map((slope, i) => (wanted[i] ?? 0) - slope * (own[i] ?? 0));
      const double = (list: readonly number[]): torch.Tensor => torch.tensor([...list], { dtype: "float64" });
      const piece = torch.bucketize(values, double(own.slice(1, -1)), { right: true }).flatten();
      const of = (list: readonly number[]): torch.Tensor =>
        double(list)
          .indexSelect(0, piece)
          .reshape([...values.shape]);
      image.tensor = values.mul(of(slopes)).add(of(offsets)).to({ dtype: "float32" });
    });
  }
}
