import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";

/**
 * The coefficients of the cubic B-splines that go through all voxels; beyond its ends the image is mirrored at the outermost voxels (Unser 1999).
 *
 * @param image (C, D, H, W).
 * @returns the same shape, float64.
 */
export function splineCoefficients(image: Tensor): Tensor {
  return [1, 2, 3].reduce(
    (tensor, dim) => {
      const n = tensor.shape[dim] ?? 1;
      if (n === 1) return tensor;
      const inverse = torch.fromTypedArray(inverseOfSampling(n), [n, n]);
      return tensor.movedim([dim], [3]).matmul(inverse).movedim([3], [dim]);
    },
    image.to({ dtype: "float64" }),
  );
}

/**
 * Sampling the splines at the voxels is a matrix with 4/6 on its diagonal and 1/6 beside it (2/6 in the first and last row, by the mirror). This is its
 * inverse, transposed: for every voxel, how its value enters all coefficients.
 */
function inverseOfSampling(n: number): Float64Array {
  const upper = (i: number): number => (i === 0 ? 2 : 1) / 6;
  const lower = (i: number): number => (i === n - 1 ? 2 : 1) / 6;
  // Gaussian elimination of a tridiagonal matrix, which is diagonally dominant
  const factor = new Float64Array(n);
  const pivot = new Float64Array(n).fill(4 / 6);
  for (let i = 1; i < n; i++) {
    factor[i] = lower(i) / (pivot[i - 1] ?? 1);
    pivot[i] = 4 / 6 - (factor[i] ?? 0) * upper(i - 1);
  }
  const result = new Float64Array(n * n);
  for (let voxel = 0; voxel < n; voxel++) {
    const row = result.subarray(voxel * n, (voxel + 1) * n);
    row[voxel] = 1;
    for (let i = voxel + 1; i < n; i++) row[i] = -(factor[i] ?? 0) * (row[i - 1] ?? 0);
    row[n - 1] = (row[n - 1] ?? 0) / (pivot[n - 1] ?? 1);
    for (let i = n - 2; i >= 0; i--) row[i] = ((row[i] ?? 0) - upper(i) * (row[i + 1] ?? 0)) / (pivot[i] ?? 1);
  }
  return result;
}
