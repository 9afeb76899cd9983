import type { Tensor } from "../../torch/index.ts";

const BINS = 256;

/**
 * The intensity up to which voxels are dark: the upper end of that of 256 bins which parts them into two groups of which the means are as far apart as can be (Otsu
 * 1979). scikit-image's `threshold_otsu` finds the same bin, and gives its middle.
 *
 * @param values any shape, all of them finite.
 */
export function otsuThreshold(values: Tensor): number {
  const [low, high] = values.aminmax().map((value) => value.item());
  if (low === undefined || high === undefined || low === high) return low ?? 0;
  const width = (high - low) / BINS;
  const counts = values.flatten().to({ dtype: "float64" }).histc(BINS, low, high).toNumbers();
  const centres = counts.map((_, bin) => low + (bin + 0.5) * width);
  const total = counts.reduce((sum, n) => sum + n, 0);
  const whole = counts.reduce((sum, n, bin) => sum + n * (centres[bin] ?? 0), 0);
  let [below, sumBelow, best, threshold] = [0, 0, -1, low];
  for (const [bin, n] of counts.slice(0, -1).entries()) {
    below += n;
    sumBelow += n * (centres[bin] ?? 0);
    const above = total - below;
    if (below === 0 || above === 0) continue;
    const variance = below * above * (sumBelow / below - (whole - sumBelow) / above) ** 2;
    if (variance > best) [best, threshold] = [variance, low + (bin + 1) * width];
  }
  return threshold;
}
