import type { Interpolation } from "./interpolation.ts";
import { KERNELS, type Taps } from "./taps.ts";

/** An image as numbers: (C, D, H, W), the last axis first in memory. */
export interface Voxels {
  readonly data: ArrayLike<number>;
  readonly channels: number;
  readonly shape: readonly [number, number, number];
}

/** Where the voxels of the new image lie in the old one. */
export interface Points {
  /** D, H, W of the new image. */
  readonly shape: readonly [number, number, number];
  /** From the voxel indices of the new image to those of the old, 4×4 row-major. */
  readonly map: ArrayLike<number>;
  /** What is added to the place of each voxel, (…shape, 3), in voxels of the old image; null for nothing. */
  readonly displacement: ArrayLike<number> | null;
}

/**
 * What the native kernel does, one voxel after the other, as it is easiest to read.
 *
 * @param outside the value of each channel where the old image is not; null: that of the nearest voxel.
 */
export function resampleReference(
  from: Voxels,
  { shape, map, displacement }: Points,
  name: Interpolation,
  outside: readonly number[] | null,
): Float64Array {
  const [X, Y, Z] = shape;
  const result = new Float64Array(from.channels * X * Y * Z);
  const value = name === "label_gaussian" ? heaviest : weighted;
  let to = 0;
  for (let x = 0; x < X; x++) {
    for (let y = 0; y < Y; y++) {
      for (let z = 0; z < Z; z++, to++) {
        const at = [0, 1, 2].map((row) => {
          const [a = 0, b = 0, c = 0, d = 0] = [0, 1, 2, 3].map((column) => map[row * 4 + column]);
          return snapped(a * x + b * y + c * z + d + (displacement?.[to * 3 + row] ?? 0));
        });
        const inside = at.every((p, axis) => p >= -0.5 && p < (from.shape[axis] ?? 0) - 0.5);
        const taps = at.map((p, axis) => {
          const size = from.shape[axis] ?? 1;
          return KERNELS[name](Math.min(Math.max(p, -0.5), size - 0.5), size);
        });
        for (let channel = 0; channel < from.channels; channel++) {
          result[channel * X * Y * Z + to] =
            inside || outside === null ? value(from, channel, taps) : (outside[channel] ?? 0);
        }
      }
    }
  }
  return result;
}

/** Roundings must not decide on which side of the middle between two voxels a place lies, or of the edge. */
function snapped(position: number): number {
  const half = Math.floor(2 * position + 0.5) / 2;
  return Math.abs(position - half) < 1e-9 ? half : position;
}

/** All voxels below the taps, with their weights: the first axis is the innermost, as in ITK. */
function* below({ data, shape }: Voxels, channel: number, taps: readonly Taps[]): Generator<[number, number]> {
  const [x, y, z] = taps;
  const [D, H, W] = shape;
  for (const [k, c] of pairs(z)) {
    for (const [j, b] of pairs(y)) {
      for (const [i, a] of pairs(x)) yield [data[((channel * D + i) * H + j) * W + k] ?? 0, a * b * c];
    }
  }
}

function pairs(taps: Taps | undefined): [index: number, weight: number][] {
  return (taps?.index ?? []).map((i, n) => [i, taps?.weight[n] ?? 0]);
}

function weighted(from: Voxels, channel: number, taps: readonly Taps[]): number {
  let sum = 0;
  for (const [value, weight] of below(from, channel, taps)) sum += value * weight;
  return sum;
}

/** The value with the greatest weight; of two with the same, the first that had it. */
function heaviest(from: Voxels, channel: number, taps: readonly Taps[]): number {
  const weights = new Map<number, number>();
  let best = 0;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const [value, weight] of below(from, channel, taps)) {
    const sum = (weights.get(value) ?? 0) + weight;
    weights.set(value, sum);
    if (sum > greatest) {
      greatest = sum;
      best = value;
    }
  }
  return best;
}
