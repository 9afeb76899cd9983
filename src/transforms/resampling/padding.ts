import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";

/** What comes in from outside an image: a number, its minimum, the mean of its faces, or the mean of what is dark on its faces. */
export type PadValue = number | "minimum" | "mean" | "otsu";

/** The value of each channel of an image (C, D, H, W). */
export function padValues(image: Tensor, method: PadValue): number[] {
  const channels = image.shape[0] ?? 1;
  return Array.from({ length: channels }, (_, channel) => {
    if (typeof method === "number") return method;
    return torch
      .tidy(() => {
        const voxels = image.select(0, channel).to({ dtype: "float64" });
        if (method === "minimum") return voxels.min();
        const faces = torch.cat(
          [0, 1, 2].flatMap((dim) => {
            const last = (voxels.shape[dim] ?? 1) - 1;
            return [voxels.select(dim, 0).flatten(), voxels.select(dim, last).flatten()];
          }),
        );
        if (method === "mean") return faces.mean();
        const dark = faces.lt(otsuThreshold(faces.toNumbers()));
        return dark.any().item() ? faces.maskedSelect(dark).mean() : faces.mean();
      })
      .item();
  });
}

const BINS = 128;

/**
 * The threshold that parts values best into dark and bright (Otsu 1979), by a histogram of 128 bins: the upper end of the last dark one. As ITK's, of which the
 * last bin ends a little above the greatest value.
 */
export function otsuThreshold(values: readonly number[]): number {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const width = ((high - low) / BINS) * (1 + 0.01 / BINS);
  if (!(width > 0)) return low;
  const counts = new Float64Array(BINS);
  for (const value of values) {
    const bin = Math.min(Math.floor((value - low) / width), BINS - 1);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const middle = (bin: number): number => low + (bin + 0.5) * width;
  const total = counts.reduce((sum, count, bin) => sum + count * middle(bin), 0);
  let [best, greatest, count, sum] = [0, Number.NEGATIVE_INFINITY, 0, 0];
  for (let bin = 0; bin < BINS - 1; bin++) {
    count += counts[bin] ?? 0;
    sum += (counts[bin] ?? 0) * middle(bin);
    const others = values.length - count;
    if (count === 0 || others === 0) continue;
    const between = sum ** 2 / count + (total - sum) ** 2 / others;
    if (between > greatest) [best, greatest] = [bin, between];
  }
  return low + (best + 1) * width;
}
