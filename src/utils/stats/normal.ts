import { upperGamma } from "./gamma.ts";

/** The share of a standard normal distribution that is below x. */
export function normalCdf(x: number): number {
  const tail = upperGamma(0.5, (x * x) / 2) / 2;
  return x < 0 ? tail : 1 - tail;
}

/** Below which number a share of a standard normal distribution is; infinite for 0 and 1, NaN for what is no share. */
export function normalQuantile(share: number): number {
  if (!(share >= 0 && share <= 1)) return Number.NaN;
  if (share > 0.5) return -normalQuantile(1 - share);
  if (share === 0) return Number.NEGATIVE_INFINITY;
  // below -40 there is less than the least double; halving needs no derivative, and few ask for many
  let [low, high] = [-40, 0];
  for (let middle = low / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (normalCdf(middle) < share) low = middle;
    else high = middle;
  }
  return high;
}

/** The p-value of a statistic that would be χ² with one degree of freedom. */
export function chiSquaredPValue(statistic: number): number {
  return upperGamma(0.5, statistic / 2);
}
