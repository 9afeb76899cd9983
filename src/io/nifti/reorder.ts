/** From torch's order (z fastest) to the file's (x fastest). The way back is native: `voxels.ts`. */
import type { VoxelArray } from "./datatypes.ts";

/** A whole image at once. */
export function toFileOrder<S, T extends VoxelArray>(
  source: ArrayLike<S>,
  target: T,
  shape: readonly [number, number, number],
  channels: number,
  convert: (value: S) => T[number],
): T {
  const [X, Y, Z] = shape;
  for (let c = 0; c < channels; c++) {
    for (let z = 0; z < Z; z++) {
      for (let y = 0; y < Y; y++) {
        const to = ((c * Z + z) * Y + y) * X;
        for (let x = 0; x < X; x++) target[to + x] = convert(source[((c * X + x) * Y + y) * Z + z] as S);
      }
    }
  }
  return target;
}
