import { z } from "zod";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import type { Grid } from "../resampling/grid.ts";

/** With what an image is padded: a number, a statistic of it, or a continuation of it (NumPy's names). */
export const paddingMode = z
  .union([
    z.number(),
    z.enum(["minimum", "maximum", "mean", "median", "edge", "reflect", "symmetric", "wrap", "linear_ramp"]),
  ])
  .default(0);
export type PaddingMode = z.output<typeof paddingMode>;

const count = z.int().min(0);
/** How many voxels at the ends of the axes: one number, one for each axis, or two for each (before and after). */
export const bounds = z.union([
  count,
  z.tuple([count, count, count]),
  z.tuple([count, count, count, count, count, count]),
]);

/** The voxels before and after, of each axis. */
export function boundsOf(value: z.output<typeof bounds>): (readonly [before: number, after: number])[] {
  if (typeof value === "number") return [0, 1, 2].map(() => [value, value]);
  return [0, 1, 2].map((axis) => {
    const [before = 0, after = before] = value.length === 3 ? value.slice(axis, axis + 1) : value.slice(axis * 2);
    return [before, after];
  });
}

/**
 * Voxels (C, D, H, W) of another size: along each axis they begin at voxel `start` of what they were (negative: with as many voxels before it), and there are
 * `size` of them.
 */
export function withExtent(
  voxels: Tensor,
  start: readonly number[],
  size: readonly number[],
  mode: PaddingMode,
): Tensor {
  if (start.every((n, axis) => n === 0 && size[axis] === voxels.shape[axis + 1])) return voxels;
  const fill = fillValue(voxels, mode);
  if (fill !== null) return torch.voxels.place(voxels, start, size, fill);
  let result = voxels;
  start.forEach((first, axis) => {
    const target = size[axis] ?? 1;
    const now = result.shape[axis + 1] ?? 0;
    if (first >= 0 && first + target <= now) result = result.narrow(axis + 1, first, target);
    else if (mode === "linear_ramp") result = ramped(result, axis + 1, first, target);
    else result = continued(result, axis + 1, first, target, mode);
  });
  return result.contiguous();
}

/** Where an image of another size begins that has the same centre; where the difference is odd, the larger half is at the beginning. */
export function centred({ shape }: Pick<Grid, "shape">, size: readonly number[]): number[] {
  return size.map((target, axis) => {
    const missing = target - (shape[axis] ?? 0);
    const before = Math.ceil(Math.abs(missing) / 2);
    return missing > 0 ? -before : before;
  });
}

/** With what voxels are padded; null where they are continued. */
export function fillValue(tensor: Tensor, mode: PaddingMode): number | null {
  if (typeof mode === "number") return mode;
  switch (mode) {
    case "minimum":
      return tensor.min().item();
    case "maximum":
      return tensor.max().item();
    case "mean":
      return tensor.to({ dtype: "float32" }).mean().item();
    case "median":
      return tensor.to({ dtype: "float32" }).flatten().quantile(0.5).item();
    case "edge":
    case "reflect":
    case "symmetric":
    case "wrap":
    case "linear_ramp":
      return null;
  }
}

function continued(tensor: Tensor, dim: number, first: number, length: number, mode: PaddingMode): Tensor {
  const n = tensor.shape[dim] ?? 1;
  const modulo = (i: number, m: number): number => ((i % m) + m) % m;
  const source = (i: number): number => {
    if (mode === "wrap") return modulo(i, n);
    if (mode === "symmetric") {
      const at = modulo(i, 2 * n);
      return at < n ? at : 2 * n - 1 - at;
    }
    if (mode === "reflect" && n > 1) {
      const at = modulo(i, 2 * (n - 1));
      return at < n ? at : 2 * (n - 1) - at;
    }
    return Math.min(Math.max(i, 0), n - 1);
  };
  const indices = Array.from({ length }, (_, i) => source(first + i));
  return tensor.indexSelect(dim, torch.tensor(indices, { dtype: "int64" }));
}

/** Beyond the ends, in equal steps from the voxel at the end to 0 at the new end. What `first` and `length` leave out is cropped before. */
function ramped(tensor: Tensor, dim: number, first: number, length: number): Tensor {
  const n = tensor.shape[dim] ?? 1;
  const [before, after] = [Math.max(0, -first), Math.max(0, first + length - n)];
  const size = length - before - after;
  const kept = tensor.narrow(dim, Math.max(0, first), size);
  const ramp = (edge: number, steps: readonly number[]): Tensor => {
    const along = tensor.shape.map((_, axis) => (axis === dim ? steps.length : 1));
    // the step first, then so many of it, as NumPy: whole numbers that are divided by themselves stay whole
    const step = kept.narrow(dim, edge, 1).to({ dtype: "float64" }).div(steps.length);
    const values = step.mul(torch.tensor([...steps], { dtype: "float64" }).reshape(along));
    return (tensor.isFloatingPoint() ? values : values.floor()).to({ dtype: tensor.dtype });
  };
  const up = Array.from({ length: before }, (_, i) => i);
  const down = Array.from({ length: after }, (_, i) => after - 1 - i);
  return torch.cat([ramp(0, up), kept, ramp(size - 1, down)], dim);
}
