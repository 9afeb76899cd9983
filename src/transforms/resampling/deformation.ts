import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { orientationOf, spacingOf } from "../affine.ts";
import type { ImagePlace } from "../base.ts";
import { flatAxes, type Grid, mapBetween } from "./grid.ts";

type Counts = readonly [number, number, number];

/** By how much of a voxel the domain of the splines reaches beyond the outermost voxels, as in ITK. */
const BEYOND = 1 / 8;

/** How a voxel axis lies among the control points. */
interface Lattice {
  /** The axis of the control points that runs along it. */
  readonly axis: 0 | 1 | 2;
  /** Whether they run against each other. */
  readonly reversed: boolean;
  readonly size: number;
}

/** ITK's control points run along the axes of LPS, as well as those of the image allow: to the left, to the back, up. */
function latticesOf({ shape, affine }: Grid): Lattice[] {
  return orientationOf(affine).map(({ world, sign }, voxelAxis) => ({
    axis: world,
    reversed: (world === 2 ? 1 : -1) * sign < 0,
    size: shape[voxelAxis] ?? 1,
  }));
}

/** The cubic B-splines of the control points along an axis, at its voxels: (size, count). */
function splineWeights({ axis, reversed, size }: Lattice, counts: Counts): Tensor {
  const count = counts[axis];
  const weights = new Float64Array(size * count);
  for (let voxel = 0; voxel < size; voxel++) {
    const from = (reversed ? size - 1 - voxel : voxel) + 0.5 + BEYOND;
    // there is one control point before the domain, and one after
    const position = (from / (size + 2 * BEYOND)) * (count - 3);
    const first = Math.min(Math.floor(position), count - 4);
    const t = position - first;
    const cubics = [(1 - t) ** 3, 3 * t ** 3 - 6 * t ** 2 + 4, -3 * t ** 3 + 3 * t ** 2 + 3 * t + 1, t ** 3];
    cubics.forEach((value, k) => {
      weights[voxel * count + first + k] = value / 6;
    });
  }
  return torch.fromTypedArray(weights, [size, count]);
}

/** How far apart the control points are along each axis of theirs, in millimetres. */
export function controlSpacing(grid: Grid, counts: Counts): number[] {
  const spacing = spacingOf(grid.affine);
  const result = [0, 0, 0];
  latticesOf(grid).forEach(({ axis, size }, voxelAxis) => {
    result[axis] = ((spacing[voxelAxis] ?? 1) * (size + 2 * BEYOND)) / (counts[axis] - 3);
  });
  return result;
}

/**
 * By how much the place where the value of each voxel comes from lies beside it, in an image that is deformed: in voxels. A single slice is deformed
 * within its plane.
 *
 * @param points how far each control point is moved, in millimetres to the left, to the back and up (LPS, as in ITK): (…counts, 3), the last axis
 * first in memory.
 * @returns (3, …shape), float64.
 */
export function displacementOf(grid: Grid, points: readonly number[], counts: Counts, place: ImagePlace): Tensor {
  // from millimetres to the left, to the back and up to voxels
  const step = (axis: number): number[] => {
    const moved = Float64Array.from(grid.affine);
    for (let row = 0; row < 3; row++) moved[row * 4 + axis] = row === axis ? (row === 2 ? 1 : -1) : 0;
    const map = mapBetween(moved, grid, place);
    return [0, 1, 2].map((row) => map[row * 4 + axis] ?? 0);
  };
  const toVoxels = torch.tensor([step(0), step(1), step(2)], { dtype: "float64" });
  for (const axis of flatAxes(grid)) toVoxels.select(1, axis).fill_(0);
  const lattices = latticesOf(grid);
  const order = lattices.map(({ axis }) => axis);
  return lattices.reduce(
    // each product takes the first axis away, and puts the voxels along it at the end
    (values, lattice) => torch.tensordot(values, splineWeights(lattice, counts), [0], [1]),
    torch
      .fromTypedArray(Float64Array.from(points), [...counts, 3])
      .matmul(toVoxels)
      .permute([...order, 3]),
  );
}
