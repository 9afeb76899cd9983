/** Tensors from JavaScript's values and memory. */

import { markAsUntransferable } from "node:worker_threads";
import { knownOptions } from "./arguments.ts";
import { checkWords } from "./conversion.ts";
import { type Handle, native } from "./native.ts";
import { Tensor } from "./tensor.ts";
import type { DType, NestedArray, TypedArray } from "./types.ts";

export interface TensorOptions {
  /** Default: that of the typed array; float32 for numbers; bool for booleans. */
  readonly dtype?: DType | undefined;
  /** Default "cpu". */
  readonly device?: string | undefined;
  readonly requiresGrad?: boolean | undefined;
}

/** Before a tensor is made of them, which would be left behind. */
function checkOptions(what: string, options: TensorOptions): void {
  checkWords(what, knownOptions(what, [options], ["dtype", "device", "requiresGrad"]));
}

function finish(tensor: Tensor, natural: DType, options: TensorOptions): Tensor {
  let out = tensor;
  const { dtype, device } = options;
  if ((dtype !== undefined && dtype !== natural) || (device !== undefined && device !== "cpu")) {
    out = tensor.to({ dtype, device });
    tensor.dispose();
  }
  if (options.requiresGrad === true) out.requiresGrad = true;
  return out;
}

/** The dtype that a typed array holds. */
export function dtypeOf(array: TypedArray | Uint8ClampedArray | BigUint64Array | Uint32Array): DType {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  if (array instanceof Int32Array) return "int32";
  if (array instanceof BigInt64Array) return "int64";
  if (array instanceof Int16Array) return "int16";
  if (array instanceof Int8Array) return "int8";
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return "uint8";
  throw new TypeError(`torch: a ${array.constructor.name} has no dtype in libtorch; convert it first.`);
}

/**
 * A tensor from a number, a boolean, nested arrays of them, or a typed array (copied).
 * @example
 * ```ts
 * using matrix = torch.tensor([[1, 2], [3, 4]]);
 * console.log(matrix.dtype, matrix.shape); // → float32 [ 2, 2 ]
 * using labels = torch.tensor([1, 2], { dtype: "int64" });
 * console.log(labels.dtype); // → int64
 * ```
 */
export function tensor(data: NestedArray | TypedArray, options: TensorOptions = {}): Tensor {
  checkOptions("torch.tensor", options);
  if (ArrayBuffer.isView(data)) return fromTypedArray(data, [data.length], options);
  const shape: number[] = [];
  for (let level: NestedArray = data; Array.isArray(level); level = level[0] as NestedArray) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  const flat: (number | boolean)[] = [];
  const fill = (value: NestedArray, dim: number): void => {
    if (Array.isArray(value)) {
      if (value.length !== shape[dim]) {
        throw new TypeError(
          `torch.tensor: expected ${shape[dim] ?? "no"} elements at dimension ${dim}, got ${value.length}.`,
        );
      }
      for (const v of value) fill(v, dim + 1);
    } else if (dim !== shape.length) {
      throw new TypeError(`torch.tensor: expected an array at dimension ${dim}, got ${String(value)}.`);
    } else if (typeof value === "number" || typeof value === "boolean") {
      flat.push(value);
    } else {
      throw new TypeError(`torch.tensor: cannot make an element of ${String(value)}.`);
    }
  };
  fill(data, 0);
  checkRange(flat, options.dtype);
  if (flat.length > 0 && flat.every((v) => typeof v === "boolean")) {
    return finish(new Tensor(native.fromBytes(Uint8Array.from(flat, Number), "bool", shape, null)), "bool", options);
  }
  // through float64, so that integers up to 2^53 and every float survive the way to their dtype
  if (options.dtype === undefined || options.dtype === "float32") {
    return finish(
      new Tensor(native.fromBytes(Float32Array.from(flat, Number), "float32", shape, null)),
      "float32",
      options,
    );
  }
  return finish(
    new Tensor(native.fromBytes(Float64Array.from(flat, Number), "float64", shape, null)),
    "float64",
    options,
  );
}

const INTEGER_BITS: Readonly<Partial<Record<DType, number>>> = { int8: 8, uint8: 8, int16: 16, int32: 32, int64: 64 };

/** A number that its dtype cannot hold would wrap around, and NaN become any number. */
function checkRange(values: readonly (number | boolean)[], dtype: DType | undefined): void {
  const bits = dtype === undefined ? undefined : INTEGER_BITS[dtype];
  if (bits === undefined) return;
  const [low, high] = dtype === "uint8" ? [0, 2 ** bits] : [-(2 ** (bits - 1)), 2 ** (bits - 1)];
  const outside = values.find((value) => !(Math.trunc(Number(value)) >= low && Math.trunc(Number(value)) < high));
  if (outside === undefined) return;
  throw new RangeError(
    `torch.tensor: ${outside} does not fit ${dtype}. Give another dtype, or bring it into the range.`,
  );
}

/** The array's buffer stays where it is from now on: it can be neither resized nor transferred to another owner. */
function pin(array: TypedArray): void {
  const { buffer } = array;
  if (!(buffer instanceof ArrayBuffer)) {
    if (buffer.growable) throw new TypeError("torch.fromTypedArray: a growable buffer cannot be shared with a tensor.");
    return;
  }
  if (buffer.resizable) {
    throw new TypeError("torch.fromTypedArray: a resizable buffer cannot be shared with a tensor; copy the array.");
  }
  markAsUntransferable(buffer);
  const refuse = (): never => {
    throw new TypeError(
      "This buffer is shared with a tensor and cannot be transferred: the tensor stands on its memory.",
    );
  };
  Object.defineProperty(buffer, "transfer", { value: refuse });
  Object.defineProperty(buffer, "transferToFixedLength", { value: refuse });
}

/**
 * A tensor from a typed array, copied. With `share: true` it stands on the array's own memory: writes are seen on both
 * sides, and the memory lives as long as either. Its buffer can then not be transferred any more, and a tensor that goes
 * to another thread takes a copy, since JavaScript's memory goes when its thread ends.
 * @example
 * ```ts
 * const array = Float32Array.of(1, 2, 3, 4);
 * using copy = torch.fromTypedArray(array, [2, 2]);
 * using shared = torch.fromTypedArray(array, [4], { share: true });
 * shared.mul_(10);
 * console.log(array[3], copy.toArray()); // → 40 [ [ 1, 2 ], [ 3, 4 ] ]
 * ```
 */
export function fromTypedArray(
  array: TypedArray,
  shape: readonly number[] = [array.length],
  options: TensorOptions & { readonly share?: boolean | undefined } = {},
): Tensor {
  const { share, ...rest } = options;
  checkOptions("torch.fromTypedArray", rest);
  const natural = dtypeOf(array);
  const handle = share === true ? shareBytes(array, natural, shape) : native.fromBytes(array, natural, shape, null);
  return finish(new Tensor(handle), natural, rest);
}

function shareBytes(array: TypedArray, dtype: DType, shape: readonly number[]): Handle {
  const handle = native.shareBytes(array, dtype, shape);
  try {
    pin(array);
  } catch (error) {
    native.dispose(handle);
    throw error;
  }
  return handle;
}

/**
 * A tensor from raw little-endian bytes, copied. With a `stride` the bytes fill the storage in its own order, so that a
 * channels-last tensor comes back as it was.
 * @example
 * ```ts
 * using x = torch.fromBytes(Uint8Array.of(1, 0, 2, 0), "int16", [2]);
 * console.log(x.toNumbers()); // → [ 1, 2 ]
 * ```
 */
export function fromBytes(
  bytes: Uint8Array,
  dtype: DType,
  shape: readonly number[],
  stride?: readonly number[],
): Tensor {
  checkWords("torch.fromBytes", { dtype });
  return new Tensor(native.fromBytes(bytes, dtype, shape, stride ?? null));
}

/**
 * The same images, ready for channels-last kernels: (N, C, H, W) and (N, C, D, H, W) come back in channels-last order.
 * With one channel nothing is copied: only the strides say so, which libtorch needs to take the faster kernels.
 * @example
 * ```ts
 * using images = torch.ones([2, 3, 4, 5]);
 * using last = torch.toChannelsLast(images);
 * console.log(last.shape, last.stride()); // → [ 2, 3, 4, 5 ] [ 60, 1, 15, 3 ]
 * ```
 */
export function toChannelsLast(images: Tensor): Tensor {
  return new Tensor(native.pickChannelsLast(images.handleFor("toChannelsLast")));
}
