/** Smooth functions of space: cubic B-splines on a grid of control points, whose first and last lie beyond the image. */
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";

/** Of each axis, how much each control point counts at each voxel: (voxels, spans + 3). */
export type Bases = readonly [Tensor, Tensor, Tensor];

/**
 * How much each control point counts at some places of an axis.
 * @param places from 0 at the first voxel of the image to 1 at its last.
 * @param spans into how many pieces the axis is divided.
 */
export function splineBasis(places: readonly number[], spans: number): Tensor {
  const columns = spans + 3;
  const data = new Float64Array(places.length * columns);
  places.forEach((place, row) => {
    const span = Math.min(spans - 1, Math.floor(place * spans));
    const t = place * spans - span;
    data.set(
      [(1 - t) ** 3 / 6, (3 * t ** 3 - 6 * t ** 2 + 4) / 6, (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6, t ** 3 / 6],
      row * columns + span,
    );
  });
  return torch.fromTypedArray(data, [places.length, columns]);
}

/**
 * The control points whose splines are near the values (D, H, W) of the voxels that count (Lee, Wolberg & Shin 1997): each value asks control points for
 * what would give it, and each of these takes the mean of what it is asked for.
 * @param weights (D, H, W): 1 for a voxel that counts, else 0.
 */
export function fitSplines(values: Tensor, weights: Tensor, bases: Bases): Tensor {
  const squares = bases.map((basis) => basis.square());
  const cubes = bases.map((basis, axis) => {
    const square = squares[axis] ?? basis;
    return basis.mul(square).div(square.sum([1], true));
  });
  const asked = contract(values.mul(weights), cubes, 0);
  const by = contract(weights, squares, 0);
  return torch.where(by.gt(0), asked.div(by.clampMin(Number.MIN_VALUE)), torch.zeros([], { dtype: "float64" }));
}

/** The splines at the voxels of the bases: (D, H, W). */
export function evaluateSplines(lattice: Tensor, bases: readonly Tensor[]): Tensor {
  return contract(lattice, bases, 1);
}

/** The same splines on control points that are twice as dense (knot insertion). */
export function refineSplines(lattice: Tensor): Tensor {
  return contract(lattice, lattice.shape.map(halving), 1);
}

/** Along one axis, of n control points the 2 n - 3 of half the distance: (2 n - 3, n). */
function halving(n: number): Tensor {
  const rows = Array.from({ length: 2 * n - 3 }, (_, row) => {
    const first = Math.floor(row / 2);
    const shares = row % 2 === 0 ? [0.5, 0.5] : [1 / 8, 6 / 8, 1 / 8];
    return Array.from({ length: n }, (__, column) => shares[column - first] ?? 0);
  });
  return torch.tensor(rows, { dtype: "float64" });
}

/** Each axis of a tensor (a, b, c) times the matrix of that axis, over the dimension `dim` of the matrices. */
function contract(tensor: Tensor, matrices: readonly Tensor[], dim: 0 | 1): Tensor {
  // each product takes the first axis away, and adds the new one as the last
  return matrices.reduce((product, matrix) => torch.tensordot(product, matrix, [0], [dim]), tensor);
}
