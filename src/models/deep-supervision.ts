import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";

/**
 * The weights of the losses of `n` outputs, the finest first, as nnU-Net's: 1, 1/2, 1/4, … and 0 for the coarsest of several, divided by
 * their sum.
 */
export function supervisionWeights(n: number): number[] {
  const weights = Array.from({ length: n }, (_, k) => (k > 0 && k === n - 1 ? 0 : 2 ** -k));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * A label (N, C, …) at the size of a coarser output: each voxel has the value of the nearest one, as `interpolate` of PyTorch with
 * `mode="nearest-exact"`. The label itself where the sizes are the same.
 * @param size of the output along its spatial axes.
 * @throws ConfigError when these are not 1 to 3, or not as many as the label's.
 */
export function labelAt(label: Tensor, size: readonly number[]): Tensor {
  const sameAxes = label.ndim === size.length + 2;
  if (sameAxes && size.every((n, axis) => n === label.shape[axis + 2])) return label;
  const values = label.to({ dtype: "float32" });
  if (sameAxes) {
    if (size.length === 1) return torch._upsampleNearestExact1d(values, size);
    if (size.length === 2) return torch._upsampleNearestExact2d(values, size);
    if (size.length === 3) return torch._upsampleNearestExact3d(values, size);
  }
  throw new ConfigError(
    `A label of shape (${label.shape.join(", ")}) cannot be compared with an output of the size (${size.join(", ")}). Expected a label (N, C, …) with as many spatial axes.`,
  );
}
