import type { DType } from "../types.ts";

/** Element types, the storage classes PyTorch names them by, and their size in bytes. */
const TYPES: readonly (readonly [DType, string, number])[] = [
  ["float32", "FloatStorage", 4],
  ["float64", "DoubleStorage", 8],
  ["float16", "HalfStorage", 2],
  ["bfloat16", "BFloat16Storage", 2],
  ["int8", "CharStorage", 1],
  ["uint8", "ByteStorage", 1],
  ["int16", "ShortStorage", 2],
  ["int32", "IntStorage", 4],
  ["int64", "LongStorage", 8],
  ["bool", "BoolStorage", 1],
  ["complex64", "ComplexFloatStorage", 8],
  ["complex128", "ComplexDoubleStorage", 16],
];

export interface StorageType {
  readonly dtype: DType;
  /** The class in Python's `torch`. */
  readonly className: string;
  readonly itemSize: number;
}

const byDType = new Map<string, StorageType>();
const byClass = new Map<string, StorageType>();
for (const [dtype, className, itemSize] of TYPES) {
  const type = { dtype, className, itemSize };
  byDType.set(dtype, type);
  byClass.set(className, type);
}

export function storageTypeOfDType(dtype: string): StorageType | undefined {
  return byDType.get(dtype);
}

export function storageTypeOfClass(className: string): StorageType | undefined {
  return byClass.get(className);
}
