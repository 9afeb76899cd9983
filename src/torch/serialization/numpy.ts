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

/** Those that have no typed array of their own: bool comes as 0 and 1, float16 as the same numbers in float32. */
type OwnCode = keyof typeof ARRAYS;
export type NumpyCode = OwnCode | "b1" | "f2";

export function isNumpyCode(code: string): code is NumpyCode {
  return isOwn(code) || code === "b1" || code === "f2";
}
function isOwn(code: string): code is OwnCode {
  return Object.hasOwn(ARRAYS, code);
}

/** The dtype code of a typed array. */
export function numpyCode(data: NumericArray): OwnCode {
  for (const [code, ctor] of Object.entries(ARRAYS)) if (data instanceof ctor && isOwn(code)) return code;
  throw new TypeError(`No numpy dtype for ${data.constructor.name}.`);
}

/** Copies `bytes` into a typed array (a copy, because pickled bytes are not aligned). */
export function numbersFromBytes(bytes: Uint8Array, code: NumpyCode, bigEndian: boolean): NumericArray {
  const copy = bytes.slice();
  const size = Number(code.slice(1));
  if (bigEndian) for (let at = 0; at < copy.length; at += size) copy.subarray(at, at + size).reverse();
  if (code === "b1") return copy;
  if (code === "f2") return Float32Array.from(new Uint16Array(copy.buffer), halfToNumber);
  return new ARRAYS[code](copy.buffer);
}

/** The number whose IEEE half-precision bits are `bits`. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The elements, of `size` bytes each, from Fortran order (the first index runs fastest) to C order (the last one does). */
export function orderC(bytes: Uint8Array, size: number, shape: readonly number[]): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const index = shape.map(() => 0);
  const strides: number[] = [];
  let stride = size;
  for (const length of shape) {
    strides.push(stride);
    stride *= length;
  }
  let from = 0;
  for (let to = 0; to < out.length; to += size) {
    for (let i = 0; i < size; i++) out[to + i] = bytes[from + i] ?? 0;
    for (let dim = shape.length - 1; dim >= 0; dim--) {
      const length = shape[dim] ?? 1;
      const step = strides[dim] ?? 0;
      const next = (index[dim] ?? 0) + 1;
      index[dim] = next < length ? next : 0;
      from += next < length ? step : -step * (length - 1);
      if (next < length) break;
    }
  }
  return out;
}

export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
