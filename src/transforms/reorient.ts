import type { Tensor } from "../torch/index.ts";
import { type AxisDirection, shiftOrigin } from "./affine.ts";
import { type Grid, gridOf } from "./resampling/grid.ts";
import type { ImageLike } from "./types.ts";

/** Voxel axes in another order, some of them backwards. */
export interface Rearrangement {
  /** The old axis that each new one is. */
  readonly order: readonly number[];
  /** The old axes that run backwards from now on. */
  readonly flipped: readonly number[];
}

/** Voxels (C, D, H, W) with their axes rearranged. */
export function rearranged(voxels: Tensor, { order, flipped }: Rearrangement): Tensor {
  const straight = flipped.length === 0 ? voxels : voxels.flip(flipped.map((axis) => axis + 1));
  return straight.permute([0, ...order.map((axis) => axis + 1)]).contiguous();
}

/**
 * How the axes of a grid are rearranged so that axis `i` becomes the axis `directions[i].world`, backwards where its sign is -1; and the affine, by
 * which each voxel stays where it is in space. Null where they stay as they are.
 */
export function reorientation(
  { shape, affine: old }: Grid,
  directions: readonly AxisDirection[],
): (Rearrangement & Pick<Grid, "affine">) | null {
  if (directions.every(({ world, sign }, axis) => world === axis && sign === 1)) return null;
  const flipped = [0, 1, 2].filter((axis) => directions[axis]?.sign === -1);
  // the voxel that becomes the first one
  const corner = shape.map((n, axis) => (flipped.includes(axis) ? n - 1 : 0));
  const shifted = shiftOrigin(old, corner);
  const order = [0, 1, 2].map((world) => directions.findIndex((d) => d.world === world));
  const affine = Float64Array.from(shifted);
  order.forEach((axis, world) => {
    const sign = directions[axis]?.sign ?? 1;
    for (let row = 0; row < 3; row++) affine[row * 4 + world] = sign * (shifted[row * 4 + axis] ?? 0);
  });
  return { order, flipped, affine };
}

/** Reorients an image, as {@link reorientation} says. No voxel value changes. */
export function reorient(image: ImageLike, directions: readonly AxisDirection[]): void {
  const found = reorientation(gridOf(image), directions);
  if (found === null) return;
  image.tensor = rearranged(image.tensor, found);
  image.affine = found.affine;
}
