import { spacingOf, voxelMap } from "../affine.ts";
import type { ImagePlace } from "../base.ts";
import type { ImageLike } from "../types.ts";
import { resample, type Sampling } from "./resample.ts";

/** Voxels in space. */
export interface Grid {
  /** D, H, W. */
  readonly shape: readonly [number, number, number];
  /** Voxel indices → millimetres (RAS+), 4×4 row-major. */
  readonly affine: Float64Array;
}

export function gridOf({ tensor, affine }: ImageLike): Grid {
  const [, d = 1, h = 1, w = 1] = tensor.shape;
  return { shape: [d, h, w], affine };
}

/** A number of voxels that is not whole by a rounding only is taken for whole. */
const ROUNDING = 1e-9;

/**
 * The grid with voxels of this size that has the centre of another and lies within it: as many voxels as there is room for, at least one. A single
 * slice stays one.
 */
export function withSpacing(grid: Grid, spacing: readonly [number, number, number]): Grid {
  const own = spacingOf(grid.affine);
  const count = (axis: 0 | 1 | 2): number => {
    const n = grid.shape[axis];
    return n === 1 ? 1 : Math.max(1, Math.floor(((n * own[axis]) / spacing[axis]) * (1 + ROUNDING)));
  };
  return recentred(grid, [count(0), count(1), count(2)], (axis) => spacing[axis] / own[axis]);
}

/** The grid with this many voxels that fills the same part of space. */
export function withShape(grid: Grid, shape: readonly [number, number, number]): Grid {
  return recentred(grid, shape, (axis) => grid.shape[axis] / shape[axis]);
}

/** Another number of voxels around the same centre, each so many times as long. */
function recentred(
  { shape: old, affine }: Grid,
  shape: readonly [number, number, number],
  times: (axis: 0 | 1 | 2) => number,
): Grid {
  const result = Float64Array.from(affine);
  for (let row = 0; row < 3; row++) {
    for (const axis of [0, 1, 2] as const) {
      const [was = 0, place = 0] = [affine[row * 4 + axis], result[row * 4 + 3]];
      const step = was * times(axis);
      result[row * 4 + axis] = step;
      result[row * 4 + 3] = place + (was * (old[axis] - 1)) / 2 - (step * (shape[axis] - 1)) / 2;
    }
  }
  return { shape, affine: result };
}

/** As many voxels as a tensor of this package's images has at most. */
const MOST_VOXELS = 2 ** 31 - 1;

/** Brings an image to a grid. @throws ImageError when the image's affine has no inverse, or the grid would not fit into memory. */
export function toGrid(
  image: ImageLike,
  grid: Grid,
  how: Pick<Sampling, "interpolation" | "outside">,
  place: ImagePlace,
): void {
  image.tensor = resample(image.tensor, { ...how, shape: grid.shape, map: mapTo(grid, image, place) });
  image.affine = Float64Array.from(grid.affine);
}

/** From the voxel indices of a grid to those of an image. @throws ImageError as {@link toGrid} */
export function mapTo(grid: Grid, image: Pick<Grid, "affine">, place: ImagePlace): Float64Array {
  const voxels = grid.shape.reduce((product, n) => product * n, 1);
  if (!(voxels <= MOST_VOXELS)) {
    throw place.error(`would have ${grid.shape.join("×")} voxels, which is too many. Ask for larger voxels.`);
  }
  return mapBetween(grid.affine, image, place);
}

/** From the indices of voxels with this affine to those of an image. */
export function mapBetween(affine: ArrayLike<number>, image: Pick<Grid, "affine">, place: ImagePlace): Float64Array {
  const map = voxelMap(affine, image.affine);
  if (map?.every(Number.isFinite) === true) return map;
  throw place.error(
    `has the affine [${[...image.affine].join(", ")}], which has no inverse: it is not known where its voxels are. Correct its header.`,
  );
}

/** The axes along which an image is a single voxel, as a slice is. What moves an image moves it within its plane. */
export function flatAxes({ shape }: Pick<Grid, "shape">): (0 | 1 | 2)[] {
  return ([0, 1, 2] as const).filter((axis) => shape[axis] === 1);
}
