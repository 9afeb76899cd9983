import type { Tensor } from "../../torch/index.ts";
import { countRows } from "../../torch/voxels.ts";
import type { Rng } from "../types.ts";

/** Some of the voxels of a mask. */
export interface VoxelSet {
  /** (D, H, W). */
  readonly mask: Tensor;
  /** What the voxels are; null: not 0. */
  readonly label: number | null;
  /** Whether it is the other voxels instead. */
  readonly isComplement: boolean;
  /** How many there are in each row (D, H), and in all. */
  readonly rows: Int32Array;
  readonly count: number;
}

/**
 * The voxels that have a label in any channel.
 * @param mask (C, D, H, W).
 * @param label null: any but 0.
 */
export function voxelSet(mask: Tensor, label: number | null): VoxelSet {
  const isOne = mask.shape[0] === 1;
  const voxels = isOne ? mask.select(0, 0) : (label === null ? mask.ne(0) : mask.eq(label)).any(0);
  const wanted = isOne ? label : null;
  const rows = countRows(voxels, wanted);
  return { mask: voxels, label: wanted, isComplement: false, rows, count: sum(rows) };
}

/** The voxels that are not in a set. */
export function complementOf(set: VoxelSet): VoxelSet {
  const width = set.mask.shape[2] ?? 0;
  const rows = set.rows.map((n) => width - n);
  return { ...set, isComplement: !set.isComplement, rows, count: sum(rows) };
}

/** One voxel of a set that has some, each as likely as any other. */
export function drawVoxel({ mask, label, isComplement, rows, count }: VoxelSet, rng: Rng): [number, number, number] {
  // row by row, then voxel by voxel: a list of all voxels would take eight bytes for each
  let left = rng.integer(count);
  const row = rows.findIndex((n) => {
    if (left < n) return true;
    left -= n;
    return false;
  });
  const [, height = 1] = mask.shape;
  const [i, j] = [Math.floor(row / height), row % height];
  const values = Array.from(mask.select(0, i).select(0, j).toTypedArray(), Number);
  const k = values.findIndex((value) => {
    const isIn = (label === null ? value !== 0 : value === label) !== isComplement;
    if (isIn) left -= 1;
    return left < 0;
  });
  if (row < 0 || k < 0) throw new RangeError(`There is no such voxel among ${count}.`);
  return [i, j, k];
}

function sum(counts: Int32Array): number {
  return counts.reduce((total, n) => total + n, 0);
}
