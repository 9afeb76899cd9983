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
  const [channels = 1, d = 1, h = 1, w = 1] = labels.shape;
  const nearest = nearestVoxels([d, h, w], map, shape);
  if (nearest === null) return null;
  const index = torch.fromTypedArray(nearest).to({ dtype: "int64" });
  return labels
    .reshape([channels, -1])
    .indexSelect(1, index.clamp(0))
    .maskedFill(index.lt(0), 0)
    .reshape([channels, ...shape]);
}

/** For each voxel of the new grid the number of its nearest voxel, -1 for none; null when none has one. */
function nearestVoxels(
  [d, h, w]: readonly [number, number, number],
  map: Float64Array,
  [X, Y, Z]: readonly [number, number, number],
): Float64Array | null {
  const nearest = new Float64Array(X * Y * Z).fill(-1);
  const [a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0, c0 = 0, c1 = 0, c2 = 0, c3 = 0] = map;
  let found = false;
  let to = 0;
  for (let x = 0; x < X; x++) {
    for (let y = 0; y < Y; y++) {
      for (let z = 0; z < Z; z++) {
        const i = Math.round(a0 * x + a1 * y + a2 * z + a3);
        const j = Math.round(b0 * x + b1 * y + b2 * z + b3);
        const k = Math.round(c0 * x + c1 * y + c2 * z + c3);
        if (i >= 0 && i < d && j >= 0 && j < h && k >= 0 && k < w) {
          nearest[to] = (i * h + j) * w + k;
          found = true;
        }
        to++;
      }
    }
  }
  return found ? nearest : null;
}
