import type { Tensor } from "../torch/index.ts";

/** How the values of samples are merged. */
export type MetricReduction = "mean" | "sum";

/**
 * Merges values, ignoring those that are NaN; NaN if all are.
 * (MONAI gives 0 for the latter, which would be the best error of all.)
 */
export function reduceIgnoringNan(values: readonly number[], reduction: MetricReduction): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
  }
  if (count === 0) return Number.NaN;
  return reduction === "mean" ? sum / count : sum;
}

/** The rows of a tensor (N, …) as numbers: N arrays of the other dimensions, flattened. */
export function rowsOf(tensor: Tensor): number[][] {
  const values = tensor.to({ dtype: "float64" }).cpu().toTypedArray() as Float64Array;
  const rows = tensor.shape[0] ?? 0;
  const width = rows === 0 ? 0 : values.length / rows;
  return Array.from({ length: rows }, (_, i) => [...values.subarray(i * width, (i + 1) * width)]);
}

/** The number that single precision would hold, with no more digits than tell it from its neighbours. */
export function shortestFloat32(value: number): number {
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return single;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return short;
  }
  return Number(single.toPrecision(9));
}
