import type { Tensor } from "../../torch/index.ts";
import type { Rng } from "../types.ts";

/**
 * One of the voxels that are true, each as likely as any other.
 * @param voxels (D, H, W), of booleans.
 * @param count how many are true, at least one.
 */
export function drawVoxel(voxels: Tensor, count: number, rng: Rng): [number, number, number] {
  // plane by plane, then row by row: a list of all voxels would take eight bytes for each
  const plane = find(voxels.sum([1, 2]), rng.integer(count));
  const rows = voxels.select(0, plane.index);
  const row = find(rows.sum([1]), plane.left);
  const voxel = find(rows.select(0, row.index), row.left);
  return [plane.index, row.index, voxel.index];
}

/** In which of some boxes thing number `number` lies, where each box has so many, and which of its things it is. */
function find(counts: Tensor, number: number): { readonly index: number; readonly left: number } {
  let left = number;
  for (const [index, count] of Array.from(counts.toTypedArray(), Number).entries()) {
    if (left < count) return { index, left };
    left -= count;
  }
  throw new RangeError(`There is no voxel number ${number}.`);
}
