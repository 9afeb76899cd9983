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
  let distances = Float64Array.from(start, (one) => (one === 0 ? Number.POSITIVE_INFINITY : 0));
  // the nearest target of a line is the nearest of what the lines through it have found along the axes before
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis] ?? 1;
    distances = alongAxis(distances, { length, stride, step: sampling[axis] ?? 1, sum: metric === "taxicab" });
    stride *= length;
  }
  return fromTypedArray(distances, shape);
}

interface Axis {
  readonly length: number;
  readonly stride: number;
  readonly step: number;
  readonly sum: boolean;
}

function alongAxis(distances: Float64Array, { length, stride, step, sum }: Axis): Float64Array<ArrayBuffer> {
  const nearest = new Float64Array(distances.length);
  for (let i = 0; i < distances.length; i++) {
    const place = Math.floor(i / stride) % length;
    let best = distances[i] ?? 0;
    const farthest = Math.max(place, length - 1 - place);
    // voxels further away than the nearest found cannot be nearer
    for (let k = 1; k <= farthest && k * step < best; k++) {
      const before = k <= place ? (distances[i - k * stride] ?? 0) : Number.POSITIVE_INFINITY;
      const after = place + k < length ? (distances[i + k * stride] ?? 0) : Number.POSITIVE_INFINITY;
      const other = Math.min(before, after);
      best = Math.min(best, sum ? other + k * step : Math.max(other, k * step));
    }
    nearest[i] = best;
  }
  return nearest;
}
