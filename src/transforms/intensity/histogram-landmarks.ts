import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { percentileOf } from "../masking.ts";

const PERCENTILES = [1, 10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 99];
/** How many landmarks a histogram has. */
export const LANDMARKS = PERCENTILES.length;
/** The 1st percentile of the images of a training becomes 0 on average, and the 99th lies this much higher. */
const SCALE = 100;

/** The percentiles of values; null where there are none, or NaN. */
export function landmarksOf(values: Tensor): number[] | null {
  using _ = torch.scope();
  if (values.numel() === 0 || !values.isfinite().all().item()) return null;
  const [sorted] = values.flatten().to({ dtype: "float64" }).sort();
  return PERCENTILES.map((percent) => percentileOf(sorted, percent));
}

/**
 * The landmarks that `HistogramStandardizationConfig` takes, of the intensities of the images of a training: one tensor of each, of any shape; or
 * of the values under its mask. As TorchIO's `HistogramStandardization.train`.
 *
 * @throws ImageError when there is no image, or one is constant or holds NaN, by its place in the list.
 * @example
 * ```ts
 * using sample = await dataset.get(0);
 * using other = await dataset.get(1);
 * console.log(histogramLandmarks([sample.image.tensor, other.image.tensor]).length); // → 13
 * ```
 */
export function histogramLandmarks(images: Iterable<Tensor>): number[] {
  const sum = PERCENTILES.map(() => 0);
  let offset = 0;
  let count = 0;
  for (const image of images) {
    const found = landmarksOf(image);
    const [low = 0, high = 0] = found === null ? [] : [found[0], found.at(-1)];
    if (found === null || !(high > low)) {
      const why = found === null ? "is empty or holds NaN" : "has the same 1st and 99th percentile";
      throw new ImageError(`histogramLandmarks: image ${count} ${why}. Leave it out, or give the values under a mask.`);
    }
    const slope = SCALE / (high - low);
    found.forEach((value, i) => {
      sum[i] = (sum[i] ?? 0) + slope * value;
    });
    offset -= slope * low;
    count++;
  }
  if (count === 0) throw new ImageError("histogramLandmarks: there is no image. Give those of the training.");
  return sum.map((value) => (value + offset) / count);
}
