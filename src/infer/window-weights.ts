import type { DType, Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";

/** No voxel has less weight than this share of the middle: an output that only the corner of one window sees would be noise. */
const LEAST = 1e-3;

/**
 * The weights (1, 1, …) of the voxels of a window, 1 in the middle and less towards the edges, as in MONAI's
 * `compute_importance_map`.
 * @param size voxels of the window.
 * @param given voxels of the output of the window: the weights are those of the nearest voxels of the window.
 */
export function gaussianWeights(
  size: readonly number[],
  given: readonly number[],
  options: { readonly sigmaScale: number; readonly dtype: DType; readonly device: string },
): Tensor {
  const { sigmaScale, dtype, device } = options;
  return torch.tidy(() => {
    const product = size
      .map((n) => {
        const distance = torch.arange(n, { dtype: "float32" }).sub((n - 1) / 2);
        return distance
          .square()
          .div(-2 * (sigmaScale * n) ** 2)
          .exp();
      })
      .reduce((all, axis) => all.unsqueeze(-1).mul(axis));
    const weights = product.clampMin(Math.max(product.min().item(), LEAST));
    const sampled = given.reduce((part, n, axis) => {
      const from = size[axis] ?? n;
      if (from === n) return part;
      const nearest = Array.from({ length: n }, (_, i) => Math.floor(((i + 0.5) * from) / n));
      return part.indexSelect(axis, torch.tensor(nearest, { dtype: "int64" }));
    }, weights);
    return sampled.unsqueeze(0).unsqueeze(0).to({ dtype, device });
  });
}
