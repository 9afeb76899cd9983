import { fromTypedArray, type Tensor } from "../torch/index.ts";

/**
 * The distance of each voxel to the nearest that is true, over the grid: the sum ("taxicab") or the greatest ("chessboard") of how
 * far it is along each axis. Exact.
 *
 * @param targets 1 to 3 dimensions, at least one voxel true.
 * @param sampling the size of a voxel along each axis.
 * @returns the same shape, float64.
 */
export function gridDistance(targets: Tensor, metric: "taxicab" | "chessboard", sampling: readonly number[]): Tensor {
  const shape = [...targets.shape];
  const start = targets.to({ dtype: "uint8" }).cpu().toTypedArray() as Uint8Array;
  const distances = new Float64Array(start.length).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < start.length; i++) if (start[i] !== 0) distances[i] = 0;
  const [size = 1] = sampling;
  if (metric === "taxicab") {
    taxicab(distances, shape, sampling);
  } else if (sampling.every((other) => other === size)) {
    chessboard(distances, shape, size);
  } else {
    return fromTypedArray(chessboardOfOblongs(distances, shape, sampling), shape);
  }
  return fromTypedArray(distances, shape);
}

/** Each voxel is as far as the one before it or behind it along an axis, and a step: one axis after the other, there and back. */
function taxicab(distances: Float64Array, shape: readonly number[], sampling: readonly number[]): void {
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const block = stride * (shape[axis] ?? 1);
    const step = sampling[axis] ?? 1;
    for (let first = 0; first < distances.length; first += block) {
      const end = first + block;
      for (let i = first + stride; i < end; i++) {
        const other = (distances[i - stride] ?? 0) + step;
        if (other < (distances[i] ?? 0)) distances[i] = other;
      }
      for (let i = end - stride - 1; i >= first; i--) {
        const other = (distances[i + stride] ?? 0) + step;
        if (other < (distances[i] ?? 0)) distances[i] = other;
      }
    }
    stride = block;
  }
}

/**
 * Each voxel is as far as a neighbour, by corners too, and a step: those that come before it in one pass, and those behind it in another
 * (Rosenfeld and Pfaltz 1968, Pattern Recognition 1, p. 33). Voxels have the same size along all axes.
 */
function chessboard(distances: Float64Array, shape: readonly number[], size: number): void {
  const [depth = 1, height = 1, width = 1] = [...Array<number>(3 - shape.length).fill(1), ...shape];
  // the least of the rows before, with a place more at both ends
  const least = new Float64Array(width + 2);
  for (const way of [1, -1]) {
    for (let plane = 0; plane < depth; plane++) {
      const z = way === 1 ? plane : depth - 1 - plane;
      for (let row = 0; row < height; row++) {
        const y = way === 1 ? row : height - 1 - row;
        least.fill(Number.POSITIVE_INFINITY);
        const rows: readonly [number, number][] = [
          [z, y - way],
          [z - way, y - 1],
          [z - way, y],
          [z - way, y + 1],
        ];
        for (const [otherZ, otherY] of rows) {
          if (otherZ < 0 || otherZ >= depth || otherY < 0 || otherY >= height) continue;
          const from = (otherZ * height + otherY) * width;
          for (let x = 0; x < width; x++) {
            const other = distances[from + x] ?? 0;
            if (other < (least[x + 1] ?? 0)) least[x + 1] = other;
          }
        }
        const at = (z * height + y) * width;
        let before = Number.POSITIVE_INFINITY;
        for (let i = 0; i < width; i++) {
          const x = way === 1 ? i : width - 1 - i;
          const near = Math.min(least[x] ?? 0, least[x + 1] ?? 0, least[x + 2] ?? 0, before) + size;
          before = Math.min(distances[at + x] ?? 0, near);
          distances[at + x] = before;
        }
      }
    }
  }
}

/** Of voxels of several sizes: the nearest target of a line is the nearest of what the lines through it have found along the axes before. */
function chessboardOfOblongs(
  start: Float64Array<ArrayBuffer>,
  shape: readonly number[],
  sampling: readonly number[],
): Float64Array<ArrayBuffer> {
  let distances = start;
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis] ?? 1;
    distances = alongAxis(distances, { length, stride, step: sampling[axis] ?? 1 });
    stride *= length;
  }
  return distances;
}

interface Axis {
  readonly length: number;
  readonly stride: number;
  readonly step: number;
}

function alongAxis(distances: Float64Array, { length, stride, step }: Axis): Float64Array<ArrayBuffer> {
  const nearest = new Float64Array(distances.length);
  for (let i = 0; i < distances.length; i++) {
    const place = Math.floor(i / stride) % length;
    let best = distances[i] ?? 0;
    const farthest = Math.max(place, length - 1 - place);
    // voxels further away than the nearest found cannot be nearer
    for (let k = 1; k <= farthest && k * step < best; k++) {
      const before = k <= place ? (distances[i - k * stride] ?? 0) : Number.POSITIVE_INFINITY;
      const after = place + k < length ? (distances[i + k * stride] ?? 0) : Number.POSITIVE_INFINITY;
      best = Math.min(best, Math.max(Math.min(before, after), k * step));
    }
    nearest[i] = best;
  }
  return nearest;
}
