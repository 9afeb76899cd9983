/**
 * From the file's order (x fastest) to torch's (z fastest), and back.
 *
 * `source[(z·Y + y)·X + x]` goes to `target[(x·Y + y)·Z + z]`. For each y this is the transpose of an X×Z matrix; walked in
 * blocks that stay in the first-level cache, since either side alone would miss on every voxel.
 */
import type { VoxelArray } from "./datatypes.ts";

export type BigVoxels = BigInt64Array | BigUint64Array;
export type NumberVoxels = Exclude<VoxelArray, BigVoxels>;

/** Some planes of a volume as they are in the file, and where they go. */
export interface Slab {
  readonly shape: readonly [number, number, number];
  /** The first plane of the slab, and how many there are. */
  readonly firstPlane: number;
  readonly planes: number;
  /** Where the volume begins in the target. */
  readonly at: number;
}

export interface Scaling {
  readonly slope: number;
  readonly inter: number;
}

const BLOCK = 32;

/** One loop for all kinds of voxels: V8 makes its inner access polymorphic, which costs little beside the memory. */
export function scaleInto(
  source: NumberVoxels,
  target: NumberVoxels,
  { shape: [X, Y, Z], firstPlane, planes, at }: Slab,
  { slope, inter }: Scaling,
): void {
  for (let y = 0; y < Y; y++) {
    for (let x0 = 0; x0 < X; x0 += BLOCK) {
      const x1 = Math.min(x0 + BLOCK, X);
      for (let z0 = 0; z0 < planes; z0 += BLOCK) {
        const z1 = Math.min(z0 + BLOCK, planes);
        for (let x = x0; x < x1; x++) {
          let from = (z0 * Y + y) * X + x;
          let to = at + (x * Y + y) * Z + firstPlane + z0;
          for (let z = z0; z < z1; z++) {
            target[to] = (source[from] as number) * slope + inter;
            from += X * Y;
            to++;
          }
        }
      }
    }
  }
}

/** As {@link scaleInto}, for what is not a product: `convert` may refuse a value. */
export function convertInto<S extends VoxelArray, T extends VoxelArray>(
  source: S,
  target: T,
  { shape: [X, Y, Z], firstPlane, planes, at }: Slab,
  convert: (value: S[number]) => T[number],
): void {
  for (let y = 0; y < Y; y++) {
    for (let x0 = 0; x0 < X; x0 += BLOCK) {
      const x1 = Math.min(x0 + BLOCK, X);
      for (let z0 = 0; z0 < planes; z0 += BLOCK) {
        const z1 = Math.min(z0 + BLOCK, planes);
        for (let x = x0; x < x1; x++) {
          let from = (z0 * Y + y) * X + x;
          let to = at + (x * Y + y) * Z + firstPlane + z0;
          for (let z = z0; z < z1; z++) {
            target[to] = convert(source[from] as S[number]);
            from += X * Y;
            to++;
          }
        }
      }
    }
  }
}

/** The reverse, a whole image at once: from torch's order to the file's. */
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
