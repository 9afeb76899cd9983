import { type AxisDirection, shiftOrigin } from "./affine.ts";
import type { ImageLike } from "./types.ts";

/**
 * Reorders and flips the voxel axes: axis `i` becomes the axis `directions[i].world`, backwards where its sign is -1. No voxel
 * value changes, and each voxel stays where it is in space.
 */
export function reorient(image: ImageLike, directions: readonly AxisDirection[]): void {
  if (directions.every(({ world, sign }, axis) => world === axis && sign === 1)) return;
  const flipped = [0, 1, 2].filter((axis) => directions[axis]?.sign === -1);
  // the voxel that becomes the first one
  const corner = [0, 1, 2].map((axis) => (flipped.includes(axis) ? (image.tensor.shape[axis + 1] ?? 1) - 1 : 0));
  const shifted = shiftOrigin(image.affine, corner);
  const from = [0, 1, 2].map((world) => directions.findIndex((d) => d.world === world));
  const affine = Float64Array.from(shifted);
  from.forEach((axis, world) => {
    const sign = directions[axis]?.sign ?? 1;
    for (let row = 0; row < 3; row++) affine[row * 4 + world] = sign * (shifted[row * 4 + axis] ?? 0);
  });
  const straight = flipped.length === 0 ? image.tensor : image.tensor.flip(flipped.map((axis) => axis + 1));
  image.tensor = straight.permute([0, ...from.map((axis) => axis + 1)]).contiguous();
  image.affine = affine;
}
