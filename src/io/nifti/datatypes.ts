import type { decoding } from "../../torch/index.ts";

/** The numbers that an image file can hold, by name. */
export type NiftiDType = decoding.StoredType;

export type VoxelArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

interface DataType {
  readonly code: number;
  readonly bytes: 1 | 2 | 4 | 8;
  view(buffer: ArrayBufferLike, offset: number, length: number): VoxelArray;
}

/** By name: NIfTI's code, the size of a voxel, and how memory is written as such voxels. */
export const DATA_TYPES: Readonly<Record<NiftiDType, DataType>> = {
  uint8: { code: 2, bytes: 1, view: (b, o, n) => new Uint8Array(b, o, n) },
  int16: { code: 4, bytes: 2, view: (b, o, n) => new Int16Array(b, o, n) },
  int32: { code: 8, bytes: 4, view: (b, o, n) => new Int32Array(b, o, n) },
  float32: { code: 16, bytes: 4, view: (b, o, n) => new Float32Array(b, o, n) },
  float64: { code: 64, bytes: 8, view: (b, o, n) => new Float64Array(b, o, n) },
  int8: { code: 256, bytes: 1, view: (b, o, n) => new Int8Array(b, o, n) },
  uint16: { code: 512, bytes: 2, view: (b, o, n) => new Uint16Array(b, o, n) },
  uint32: { code: 768, bytes: 4, view: (b, o, n) => new Uint32Array(b, o, n) },
  int64: { code: 1024, bytes: 8, view: (b, o, n) => new BigInt64Array(b, o, n) },
  uint64: { code: 1280, bytes: 8, view: (b, o, n) => new BigUint64Array(b, o, n) },
};

/** What else NIfTI knows, to name it in a message. */
export const UNREADABLE_TYPES: Readonly<Record<number, string>> = {
  1: "binary",
  32: "complex64",
  128: "RGB",
  1536: "float128",
  1792: "complex128",
  2048: "complex256",
  2304: "RGBA",
};

export function dtypeOfCode(code: number): NiftiDType | undefined {
  return (Object.keys(DATA_TYPES) as NiftiDType[]).find((name) => DATA_TYPES[name].code === code);
}
