import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";

/**
 * A label map on another grid: each voxel gets the label of the nearest voxel, 0 where there is none.
 *
 * @param labels (C, D, H, W).
 * @param map from the voxel indices of the new grid to those of the labels, 4×4 row-major.
 * @param shape D, H, W of the new grid.
 * @returns a new tensor of shape (C, …shape), of the same type; null when no voxel of the new grid has a neighbour.
 */
export function toGrid(labels: Tensor, map: Float64Array, shape: readonly [number, number, number]): Tensor | null {
  const [channels = 1, ...size] = labels.shape;
  const count = size.reduce((product, n) => product * n, 1);
  // the numbers of the voxels are looked up, not the labels: these may be integers that no float holds
  const nearest = torch.resampleVoxels(torch.arange(count, { dtype: "float64" }).reshape([1, ...size]), {
    shape,
    map,
    displacement: null,
    interpolation: "nearest",
    outside: [-1],
  });
  const index = nearest.flatten().to({ dtype: "int64" });
  if (!index.ge(0).any().item()) return null;
  return labels
    .reshape([channels, -1])
    .indexSelect(1, index.clamp(0))
    .maskedFill(index.lt(0), 0)
    .reshape([channels, ...shape]);
}
