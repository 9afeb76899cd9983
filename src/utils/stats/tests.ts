import { incompleteBeta, upperGamma } from "./gamma.ts";

/** Arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Variance with n - 1; NaN of fewer than two values. */
export function variance(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const m = mean(values);
  return values.reduce((sum, value) => sum + (value - m) ** 2, 0) / (values.length - 1);
}

/**
 * The p-value of Student's two-sided t-test for two independent samples of equal variance (`scipy.stats.ttest_ind`).
 * NaN when it cannot be computed (an empty sample, no spread in either and equal means).
 */
export function tTest(a: readonly number[], b: readonly number[]): number {
  const df = a.length + b.length - 2;
  if (a.length === 0 || b.length === 0 || df < 1) return Number.NaN;
  const squares = (values: readonly number[]): number =>
    values.length < 2 ? 0 : variance(values) * (values.length - 1);
  const pooled = (squares(a) + squares(b)) / df;
  const t = (mean(a) - mean(b)) / Math.sqrt(pooled * (1 / a.length + 1 / b.length));
  if (Number.isNaN(t)) return Number.NaN;
  return incompleteBeta(df / 2, 0.5, df / (df + t * t));
}

/**
 * The p-value of Pearson's chi-squared test that `observed` counts follow the distribution of the `reference` counts
 * (`scipy.stats.chisquare`, the reference scaled to as many observations).
 */
export function chiSquaredTest(observed: readonly number[], reference: readonly number[]): number {
  if (observed.length !== reference.length) {
    throw new RangeError(
      `chiSquaredTest: ${observed.length} observed categories for ${reference.length} in the reference.`,
    );
  }
  const total = observed.reduce((sum, n) => sum + n, 0);
  const scale = total / reference.reduce((sum, n) => sum + n, 0);
  if (observed.length < 2) return 1;
  let statistic = 0;
  observed.forEach((count, i) => {
    const expected = (reference[i] as number) * scale;
    if (expected === 0 && count === 0) return;
    statistic += (count - expected) ** 2 / expected;
  });
  return upperGamma((observed.length - 1) / 2, statistic / 2);
}
