import type { DType, Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";

/** Numbers, booleans, or nested arrays of them, one per sample, as pandas' and PyTorch's types have it. */
export function numbersToTensor(
  values: readonly unknown[],
  dtype: DType | undefined,
  refuse: (index: number, value: unknown) => never,
): Tensor {
  values.forEach((value, i) => {
    if (!isNumeric(value)) refuse(i, value);
  });
  const fraction = dtype === "int64" && values.some((value) => typeof value === "number" && !Number.isInteger(value));
  const type = fraction || (dtype === undefined && !values.every(fitsFloat32)) ? "float64" : dtype;
  return torch.tensor(values as number[], type === undefined ? {} : { dtype: type });
}

/** Whether float32 holds a number: integers exactly, others within its precision and range. */
function fitsFloat32(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(fitsFloat32);
  if (typeof value !== "number" || !Number.isFinite(value)) return true;
  const single = Math.fround(value);
  return Number.isInteger(value) ? single === value : Number.isFinite(single) && (single !== 0 || value === 0);
}

function isNumeric(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isNumeric);
  return typeof value === "boolean" || (typeof value === "number" && !Number.isNaN(value));
}
