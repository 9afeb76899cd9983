import { ImageError } from "../../utils/exceptions.ts";
import type { NiftiContent } from "./content.ts";
import type { NiftiDType, VoxelArray } from "./datatypes.ts";
import type { NiftiHeader } from "./header.ts";
import { asNumbers } from "./intensities.ts";
import { convertInto, scaleInto } from "./reorder.ts";

/** What labels are held in: types that tensors have, too. */
export type LabelArray = Uint8Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array;

/** How far from an integer a label may be after scaling or resampling. */
const TOLERANCE = 0.1;
const LARGEST = 2n ** 63n - 1n;

/** The voxels as labels: never another region than the file means. @throws ImageError naming a value that is no label. */
export function readLabelValues(content: NiftiContent): LabelArray {
  const { header, path } = content;
  const { dtype, scaling } = header;
  const target = arrayFor(header, content.requireWhole());
  const { slope, inter } = scaling ?? { slope: 1, inter: 0 };
  const exact = scaling === null && dtype !== "float32" && dtype !== "float64";
  content.forEachSlab((voxels, slab) => {
    if (target instanceof BigInt64Array) convertInto(voxels, target, slab, (value) => bigLabel(value, path));
    else if (exact) scaleInto(asNumbers(voxels, path), target, slab, { slope, inter });
    else convertInto(asNumbers(voxels, path), target, slab, (value) => rounded(value * slope + inter, path));
  });
  return target;
}

function rounded(value: number, path: string): number {
  const label = Math.round(value);
  if (Math.abs(value - label) <= TOLERANCE) return label + 0; // no negative zero
  throw new ImageError(
    `${path} holds the value ${Number(value.toPrecision(7))}, which is no label: labels are integers (${TOLERANCE} off at most, after scaling). A mask of probabilities, or one that was interpolated, must be made one of labels before: with a threshold, or by resampling to the nearest neighbour.`,
  );
}

function bigLabel(value: VoxelArray[number], path: string): bigint {
  const label = BigInt(value);
  if (label <= LARGEST) return label;
  throw new ImageError(`${path} holds the label ${label}; labels up to ${LARGEST} can be held.`);
}

function arrayFor({ dtype, scaling }: NiftiHeader, count: number): LabelArray {
  if (scaling === null) return ARRAYS[dtype](count);
  const range = RANGES[dtype];
  if (range === null) return new Float64Array(count);
  const ends = range.map((stored) => stored * scaling.slope + scaling.inter);
  return ends.every((end) => Math.abs(end) < 2 ** 31) ? new Int32Array(count) : new Float64Array(count);
}

const ARRAYS: Readonly<Record<NiftiDType, (count: number) => LabelArray>> = {
  uint8: (n) => new Uint8Array(n),
  int8: (n) => new Int8Array(n),
  uint16: (n) => new Int32Array(n),
  int16: (n) => new Int16Array(n),
  uint32: (n) => new BigInt64Array(n),
  int32: (n) => new Int32Array(n),
  uint64: (n) => new BigInt64Array(n),
  int64: (n) => new BigInt64Array(n),
  float32: (n) => new Float32Array(n),
  float64: (n) => new Float64Array(n),
};

/** The smallest and the greatest stored value; null for fractions. */
const RANGES: Readonly<Record<NiftiDType, readonly [number, number] | null>> = {
  uint8: [0, 2 ** 8 - 1],
  int8: [-(2 ** 7), 2 ** 7 - 1],
  uint16: [0, 2 ** 16 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint32: [0, 2 ** 32 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint64: [0, 2 ** 64],
  int64: [-(2 ** 63), 2 ** 63],
  float32: null,
  float64: null,
};
