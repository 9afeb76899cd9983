import type { VoxelArray } from "./datatypes.ts";

/**
 * From the file's order (x fastest) to torch's (z fastest), as float32, scaled on the way.
 *
 * `source[(z·Y + y)·X + x]` goes to `target[(x·Y + y)·Z + z]`, volume by volume. For each y this is the transpose of an
 * X×Z matrix; walked in blocks that stay in the first-level cache, since either side alone would miss on every voxel.
 */
export function toTorchOrder(
  source: VoxelArray,
  shape: readonly [number, number, number],
  channels: number,
  scaling: { readonly slope: number; readonly inter: number } | null,
): Float32Array {
  const target = new Float32Array(source.length);
  const numbers =
    source instanceof BigInt64Array || source instanceof BigUint64Array ? Float64Array.from(source, Number) : source;
  const volume = shape[0] * shape[1] * shape[2];
  const { slope, inter } = scaling ?? { slope: 1, inter: 0 };
  for (let c = 0; c < channels; c++) reorder(numbers, target, c * volume, shape[0], shape[1], shape[2], slope, inter);
  return target;
}

type Numbers = Exclude<VoxelArray, BigInt64Array | BigUint64Array>;
const BLOCK = 32;

/** One loop for all kinds of voxels: V8 makes its inner access polymorphic, which costs little beside the memory. */
function reorder(
  s: Numbers,
  t: Float32Array,
  at: number,
  X: number,
  Y: number,
  Z: number,
  slope: number,
  inter: number,
): void {
  for (let y = 0; y < Y; y++) {
    for (let x0 = 0; x0 < X; x0 += BLOCK) {
      const x1 = Math.min(x0 + BLOCK, X);
      for (let z0 = 0; z0 < Z; z0 += BLOCK) {
        const z1 = Math.min(z0 + BLOCK, Z);
        for (let x = x0; x < x1; x++) {
          let from = at + (z0 * Y + y) * X + x;
          let to = at + (x * Y + y) * Z + z0;
          for (let z = z0; z < z1; z++) {
            t[to] = (s[from] as number) * slope + inter;
            from += X * Y;
            to++;
          }
        }
      }
    }
  }
}

/** The reverse of {@link toTorchOrder}, without scaling. */
export function toFileOrder<T extends Numbers>(
  source: ArrayLike<number>,
  target: T,
  shape: readonly [number, number, number],
  channels: number,
  convert: (value: number) => number,
): T {
  const [X, Y, Z] = shape;
  for (let c = 0; c < channels; c++) {
    for (let z = 0; z < Z; z++) {
      for (let y = 0; y < Y; y++) {
        const to = ((c * Z + z) * Y + y) * X;
        for (let x = 0; x < X; x++) target[to + x] = convert(source[((c * X + x) * Y + y) * Z + z] as number);
      }
    }
  }
  return target;
}
