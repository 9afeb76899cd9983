import { mean, normalCdf, normalQuantile } from "../../utils/stats/index.ts";

/**
 * Which quantiles of the draws are the bounds, corrected for bias and skewness (Efron 1987; with strata, Efron & Tibshirani 1993, ch. 14).
 * NaN where all draws are on one side of the value.
 */
export function bcaShares(
  value: number,
  drawn: readonly number[],
  left: readonly (readonly number[])[],
  tail: number,
): readonly [number, number] {
  const below = drawn.filter((one) => one < value).length;
  const upTo = drawn.filter((one) => one <= value).length;
  // half of those that are equal
  const bias = normalQuantile((below + upTo) / (2 * drawn.length));
  if (!Number.isFinite(bias)) return [Number.NaN, Number.NaN];
  const skewness = acceleration(left);
  const shareOf = (z: number): number => normalCdf(bias + (bias + z) / (1 - skewness * (bias + z)));
  const z = normalQuantile(tail);
  return [shareOf(z), shareOf(-z)];
}

/** How fast the spread of the statistic changes with its value; 0 where no unit makes a difference. */
function acceleration(left: readonly (readonly number[])[]): number {
  let [cubes, squares] = [0, 0];
  for (const values of left) {
    const center = mean(values);
    const n = values.length;
    for (const one of values) {
      const influence = ((n - 1) * (center - one)) / n;
      cubes += influence ** 3;
      squares += influence ** 2;
    }
  }
  return squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
}
