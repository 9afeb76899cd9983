import type { Tensor } from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import type { NiftiContent } from "./content.ts";
import type { NiftiDType } from "./datatypes.ts";
import type { NiftiHeader } from "./header.ts";
import { refuse } from "./intensities.ts";
import { fill, type HeldType, makeTarget } from "./voxels.ts";

/** What labels are held in: types that tensors have, too. */
export type LabelArray = Uint8Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array;

/** How far from an integer a label may be after scaling or resampling. */
const TOLERANCE = 0.1;
const LARGEST = 2n ** 63n - 1n;

/** The voxels as labels: never another region than the file means. @throws ImageError naming a value that is no label. */
export function readLabelValues(content: NiftiContent): Tensor {
  const { header, path } = content;
  const { dtype, scaling } = header;
  const exact = scaling === null && dtype !== "float32" && dtype !== "float64";
  content.requireWhole();
  const target = makeTarget(content, heldType(header));
  try {
    const found = fill(content, target, exact ? "values" : "labels");
    if (found === null) return target;
    throw typeof found === "number" ? noLabel(path, found) : tooLarge(path, found, exact);
  } catch (error) {
    target.dispose();
    throw error;
  }
}

function noLabel(path: string, value: number): ImageError {
  return new ImageError(
    `${path} holds the value ${Number(value.toPrecision(7))}, which is no label: labels are integers (${TOLERANCE} off at most, after scaling). A mask of probabilities, or one that was interpolated, must be made one of labels before: with a threshold, or by resampling to the nearest neighbour.`,
  );
}

function tooLarge(path: string, value: bigint | string, exact: boolean): ImageError {
  if (!exact) refuse(path, value);
  return new ImageError(`${path} holds the label ${value}; labels up to ${LARGEST} can be held.`);
}

function heldType({ dtype, scaling }: NiftiHeader): HeldType {
  if (scaling === null) return HELD[dtype];
  const range = RANGES[dtype];
  if (range === null) return "float64";
  const ends = range.map((stored) => stored * scaling.slope + scaling.inter);
  return ends.every((end) => Math.abs(end) < 2 ** 31) ? "int32" : "float64";
}

const HELD: Readonly<Record<NiftiDType, HeldType>> = {
  uint8: "uint8",
  int8: "int8",
  uint16: "int32",
  int16: "int16",
  uint32: "int64",
  int32: "int32",
  uint64: "int64",
  int64: "int64",
  float32: "float32",
  float64: "float64",
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
