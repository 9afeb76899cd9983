import type { Num } from "../read/index.ts";

/**
 * The exponential average of a curve, without the pull to zero of its beginning; gaps stay gaps.
 * @param weight of the past: 0 leaves the curve as it is; below 1.
 */
export function smooth(y: readonly Num[], weight: number): Num[] {
  let [sum, norm] = [0, 0];
  return y.map((value) => {
    if (value === null) return null;
    sum = sum * weight + value * (1 - weight);
    norm = norm * weight + (1 - weight);
    return sum / norm;
  });
}
