import { orientationOf } from "../affine.ts";
import type { ImagePlace } from "../base.ts";
import type { ImageLike } from "../types.ts";
import { flatAxes, type Grid, gridOf, mapBetween } from "./grid.ts";
import { resample, type Sampling } from "./resample.ts";

export type Triple = readonly [number, number, number];

/** A movement of space: x → linear · (x - centre) + centre + shift, in millimetres (RAS+). */
export interface Motion {
  /** Three rows. */
  readonly linear: readonly [Triple, Triple, Triple];
  readonly centre: Triple;
  readonly shift: Triple;
}

/** Where the middle of an image is, in millimetres. */
export function centreOf({ shape, affine }: Grid): Triple {
  const middle = shape.map((n) => (n - 1) / 2);
  const at = (row: number): number =>
    middle.reduce((sum, index, axis) => sum + (affine[row * 4 + axis] ?? 0) * index, affine[row * 4 + 3] ?? 0);
  return [at(0), at(1), at(2)];
}

/** The rotation around y, then x, then z: ITK's order. */
export function rotation(degrees: Triple): Motion["linear"] {
  const [a, b, c] = degrees.map((angle) => (angle * Math.PI) / 180);
  const [[sx, cx], [sy, cy], [sz, cz]] = [sineAndCosine(a), sineAndCosine(b), sineAndCosine(c)];
  return [
    [cz * cy - sz * sx * sy, -sz * cx, cz * sy + sz * sx * cy],
    [sz * cy + cz * sx * sy, cz * cx, sz * sy - cz * sx * cy],
    [-cx * sy, sx, cx * cy],
  ];
}

function sineAndCosine(angle = 0): [sine: number, cosine: number] {
  return [Math.sin(angle), Math.cos(angle)];
}

/** How an image is moved: what is drawn for it. */
export interface Movement {
  readonly degrees: Triple;
  readonly translation: Triple;
}

/** A single slice is moved within its plane: not along the axis across it, and not rotated around another. */
export function withinPlane<M extends Movement>(grid: Grid, movement: M): M {
  const across = flatAxes(grid).map((axis) => orientationOf(grid.affine)[axis].world);
  if (across.length === 0) return movement;
  const degrees = only(movement.degrees, (world) => across.every((axis) => axis === world));
  return { ...movement, degrees, translation: only(movement.translation, (world) => !across.some((a) => a === world)) };
}

/** These numbers where `kept`, else 0. */
function only(numbers: Triple, kept: (world: number) => boolean): Triple {
  return [kept(0) ? numbers[0] : 0, kept(1) ? numbers[1] : 0, kept(2) ? numbers[2] : 0];
}

/**
 * An image, moved, on its own voxels: the value at x is the old one at `motion(x)`.
 *
 * @returns the voxels; the image is not changed.
 */
export function moved(
  image: ImageLike,
  motion: Motion,
  how: Pick<Sampling, "interpolation" | "outside">,
  place: ImagePlace,
) {
  const grid = gridOf(image);
  return resample(image.tensor, { ...how, shape: grid.shape, map: motionMap(grid, motion, place) });
}

/** Where the voxels of a grid come from that is moved: from their indices to those before. */
export function motionMap(grid: Grid, { linear, centre, shift }: Motion, place: ImagePlace): Float64Array {
  const { affine } = grid;
  const ours = new Float64Array(16);
  ours[15] = 1;
  for (const row of [0, 1, 2] as const) {
    for (let column = 0; column < 4; column++) {
      // an affine's columns are steps, and the place of the first voxel
      const along = ([0, 1, 2] as const).map((k) => (affine[k * 4 + column] ?? 0) - (column === 3 ? centre[k] : 0));
      const [x = 0, y = 0, z = 0] = along;
      const [a, b, c] = linear[row];
      ours[row * 4 + column] = a * x + b * y + c * z + (column === 3 ? centre[row] + shift[row] : 0);
    }
  }
  const map = mapBetween(ours, grid, place);
  for (const axis of flatAxes(grid)) map.fill(0, axis * 4, axis * 4 + 4);
  return map;
}
