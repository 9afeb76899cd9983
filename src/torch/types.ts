/** The small vocabulary of the engine. */

export const dtypes = [
  "float32",
  "float64",
  "float16",
  "bfloat16",
  "int8",
  "uint8",
  "int16",
  "int32",
  "int64",
  "bool",
  "complex64",
  "complex128",
] as const;
export type DType = (typeof dtypes)[number];
export const memoryFormats = ["contiguous", "channels_last", "channels_last_3d", "preserve"] as const;
export type MemoryFormat = (typeof memoryFormats)[number];
export const layouts = ["strided", "sparse_coo"] as const;
export type Layout = (typeof layouts)[number];
export type Scalar = number | bigint | boolean;
export type NestedArray = number | boolean | readonly NestedArray[];
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array;

const sizes: Readonly<Record<DType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int8: 1,
  uint8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  bool: 1,
  complex64: 8,
  complex128: 16,
};

/**
 * Bytes of one element.
 * @example
 * ```ts
 * console.log(torch.itemSize("float32"), torch.itemSize("int64")); // → 4 8
 * ```
 */
export function itemSize(dtype: DType): number {
  return sizes[dtype];
}

/**
 * Whether the elements are real numbers that need not be whole.
 * @example
 * ```ts
 * console.log(torch.dtypes.filter((dtype) => torch.isFloatingPoint(dtype)).join(" ")); // → float32 float64 float16 bfloat16
 * ```
 */
export function isFloatingPoint(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64" || dtype === "float16" || dtype === "bfloat16";
}
