/** The elements of a tensor as JavaScript has them. */
import type { DType, NestedArray, TypedArray } from "./types.ts";

/** Views `buffer` as `dtype`. */
export function typedArray(dtype: DType, buffer: ArrayBuffer): TypedArray {
  switch (dtype) {
    case "float32":
    case "complex64":
      return new Float32Array(buffer);
    case "float64":
    case "complex128":
      return new Float64Array(buffer);
    case "float16":
    case "bfloat16":
      return new Uint16Array(buffer);
    case "int8":
      return new Int8Array(buffer);
    case "uint8":
    case "bool":
      return new Uint8Array(buffer);
    case "int16":
      return new Int16Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "int64":
      return new BigInt64Array(buffer);
  }
}

/** Elements in contiguous order as arrays in arrays, one level for each dimension. */
export function nested(flat: readonly (number | boolean)[], shape: readonly number[]): NestedArray {
  const build = (offset: number, dim: number): NestedArray => {
    if (dim === shape.length) return flat[offset] as NestedArray;
    const inner = shape.slice(dim + 1).reduce((a, b) => a * b, 1);
    return Array.from({ length: shape[dim] ?? 0 }, (_, i) => build(offset + i * inner, dim + 1));
  };
  return build(0, 0);
}

/** @throws RangeError for an integer that is not exact as a number. */
export function numbers(values: TypedArray): number[] {
  if (!(values instanceof BigInt64Array)) return Array.from(values);
  return Array.from(values, (value) => {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) {
      throw new RangeError(`toNumbers: ${value} does not fit a number exactly; use toTypedArray().`);
    }
    return number;
  });
}

export function refuseComplex(what: string, dtype: DType): void {
  if (dtype !== "complex64" && dtype !== "complex128") return;
  throw new TypeError(`${what}: the elements are complex; use toTypedArray(), or real() and imag().`);
}
