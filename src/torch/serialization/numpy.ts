import type { NumericArray } from "./python-values.ts";

/** numpy's dtype codes (`<f8` without its byte order) and the typed array of each. */
const ARRAYS = {
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  i8: BigInt64Array,
  u8: BigUint64Array,
} as const;

export type NumpyCode = keyof typeof ARRAYS;

export function isNumpyCode(code: string): code is NumpyCode {
  return Object.hasOwn(ARRAYS, code);
}

/** The dtype code of a typed array. */
export function numpyCode(data: NumericArray): NumpyCode {
  for (const [code, ctor] of Object.entries(ARRAYS)) if (data instanceof ctor && isNumpyCode(code)) return code;
  throw new TypeError(`No numpy dtype for ${data.constructor.name}.`);
}

/** Copies little-endian `bytes` into a typed array (a copy, because pickled bytes are not aligned). */
export function numbersFromBytes(bytes: Uint8Array, code: NumpyCode): NumericArray {
  const copy = bytes.slice().buffer;
  return new ARRAYS[code](copy);
}

export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
