/** What an output of a model is, and how it can be written. */
import { type DataPoint, type Sample, Sample2D } from "../../data/structures/index.ts";
import { type NiftiToWrite, writeNifti } from "../../io/nifti/index.ts";
import type { Cell } from "../../io/tsv/index.ts";
import { shortestFloat32 } from "../../metrics/reduce.ts";
import * as torch from "../../torch/index.ts";
import { type DType, Tensor } from "../../torch/index.ts";

/** Numbers and texts for a table; an image in the place of the input's; or anything else. */
export type Output =
  | { readonly kind: "cells"; readonly cells: readonly Cell[]; readonly floats: boolean }
  | {
      readonly kind: "image";
      /** (C, D, H, W). */
      readonly tensor: Tensor;
      readonly affine: Float64Array;
      readonly labels: boolean;
    }
  | { readonly kind: "object"; readonly value: unknown };

/** The output `name` of a sample. Call it in a scope: an image's tensor may be a view made for it. */
export function outputOf(sample: DataPoint, name: string): Output {
  const image = sample.images.get(name);
  if (image !== undefined) {
    // an image of another size with the affine of the input is not where its affine says
    if (!hasOwnPlace(sample, image.affine) && !sameSize(sample, image.tensor))
      return { kind: "object", value: image.tensor };
    return { kind: "image", tensor: image.tensor, affine: image.affine, labels: image.kind === "label" };
  }
  const value = sample.getField(name);
  if (value instanceof Tensor) return tensorOutput(sample, value);
  if (isCell(value)) return { kind: "cells", cells: [toCell(value)], floats: false };
  if (Array.isArray(value) && value.every(isCell)) {
    return { kind: "cells", cells: value.map(toCell), floats: false };
  }
  return { kind: "object", value };
}

function tensorOutput(sample: DataPoint, tensor: Tensor): Output {
  if (tensor.isComplex()) return { kind: "object", value: tensor };
  if (tensor.ndim <= 1) return { kind: "cells", cells: cellsOf(tensor), floats: tensor.isFloatingPoint() };
  const volume = asVolume(sample, tensor);
  if (!sameSize(sample, volume)) return { kind: "object", value: tensor };
  return { kind: "image", tensor: volume, affine: sample.image.affine, labels: !tensor.isFloatingPoint() };
}

/** The tensor with the dimensions that networks do not see, if it can be an image: (C, D, H, W). */
function asVolume(sample: DataPoint | Sample | Sample2D, tensor: Tensor): Tensor {
  if (sample instanceof Sample2D && sample.squeeze && tensor.ndim < 4) {
    const channels = tensor.ndim === 2 ? tensor.unsqueeze(0) : tensor;
    return channels.unsqueeze(sample.sliceDirection + 1);
  }
  return tensor.ndim === 3 ? tensor.unsqueeze(0) : tensor;
}

function sameSize(sample: DataPoint, volume: Tensor): boolean {
  return volume.ndim === 4 && volume.shape.slice(1).join() === sample.image.spatialShape.join();
}

function hasOwnPlace(sample: DataPoint, affine: Float64Array): boolean {
  return affine.some((value, i) => value !== sample.image.affine[i]);
}

function cellsOf(tensor: Tensor): Cell[] {
  const values = tensor.to({ device: "cpu" }).toTypedArray();
  if (tensor.dtype === "bool") return Array.from(values as Uint8Array, Boolean);
  if (values instanceof BigInt64Array) return Array.from(values, toCell);
  const numbers = Array.from(values as Float64Array, Number);
  return tensor.isFloatingPoint() && tensor.dtype !== "float64" ? numbers.map(shortestFloat32) : numbers;
}

type CellLike = Cell | bigint | undefined;

function isCell(value: unknown): value is CellLike {
  return value === null || ["undefined", "string", "number", "bigint", "boolean"].includes(typeof value);
}

function toCell(value: CellLike): Cell {
  if (typeof value !== "bigint") return value ?? null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/**
 * Writes an image so that no value changes: whole numbers of masks, and of integer tensors, in the smallest integer type that
 * holds them; else float64 as it is, and what is narrower as float32. Several channels are the fourth dimension of the file.
 */
export function writeImage(path: string, { tensor, affine, labels }: Output & { readonly kind: "image" }): void {
  using _scope = torch.scope();
  const { voxels, stored } = storable(tensor.to({ device: "cpu" }), labels);
  const [channels = 1, d = 1, h = 1, w = 1] = voxels.shape;
  const data = voxels.contiguous().toTypedArray();
  writeNifti(path, { data, shape: [d, h, w], channels, affine, dtype: stored });
}

type Stored = NonNullable<NiftiToWrite["dtype"]>;

/**
 * The voxels and the type in which they are stored. An output that is named a mask but holds other than whole numbers, such as
 * probabilities, is stored as floats: to round it would change its values.
 */
function storable(tensor: Tensor, labels: boolean): { readonly voxels: Tensor; readonly stored: Stored } {
  const float: DType & Stored = tensor.dtype === "float64" ? "float64" : "float32";
  const asFloats = (): { voxels: Tensor; stored: Stored } => ({ voxels: tensor.to({ dtype: float }), stored: float });
  if (tensor.isFloatingPoint()) {
    // beyond 2^53 a float is no name of a region
    if (!labels || !torch.equal(tensor, tensor.round()) || tensor.abs().max().item() > 2 ** 53) return asFloats();
  }
  const whole = tensor.to({ dtype: "int64" });
  const [min = 0n, max = 0n] = [whole.amin([]), whole.amax([])].map((end) => BigInt(end.toTypedArray()[0] ?? 0));
  const [stored, , , dtype] = INTEGERS.find(([, low, high]) => min >= low && max <= high) ?? INT64;
  return { voxels: whole.to({ dtype }), stored };
}

/** A type of NIfTI, its range, and the type of tensors that holds it. */
type IntegerType = readonly [stored: Stored, low: bigint, high: bigint, dtype: DType];

const INT64: IntegerType = ["int64", -(2n ** 63n), 2n ** 63n - 1n, "int64"];

/** From small to large; of two of one size the one first that masks mostly have. */
const INTEGERS: readonly IntegerType[] = [
  ["uint8", 0n, 255n, "uint8"],
  ["int8", -128n, 127n, "int8"],
  ["int16", -32768n, 32767n, "int16"],
  ["uint16", 0n, 65535n, "int32"],
  ["int32", -(2n ** 31n), 2n ** 31n - 1n, "int32"],
  ["uint32", 0n, 2n ** 32n - 1n, "int64"],
];
