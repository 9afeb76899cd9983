import type { Tensor } from "../tensor.ts";
import { type DType, isFloatingPoint, type MemoryFormat } from "../types.ts";

export interface ModuleToOptions {
  /** "cpu", "cuda" or "cuda:0"; default: where they are. */
  readonly device?: string | undefined;
  /** Applied to floating-point tensors only. */
  readonly dtype?: DType | undefined;
  /** "channels_last" is applied to 4-dimensional tensors, "channels_last_3d" to 5-dimensional ones. */
  readonly memoryFormat?: MemoryFormat | undefined;
  /** Whether a copy to a GPU is not waited for; default false. */
  readonly nonBlocking?: boolean | undefined;
}

/** Moves a tensor of a module in place: the object stays, its memory is replaced where something changes. */
export function convertTensor(tensor: Tensor, { device, dtype, memoryFormat, nonBlocking }: ModuleToOptions): void {
  const newDtype = dtype !== undefined && isFloatingPoint(tensor.dtype) ? dtype : undefined;
  // Both channels-last formats exist for one number of dimensions only; a bias has neither.
  const dims = memoryFormat === "channels_last" ? 4 : memoryFormat === "channels_last_3d" ? 5 : tensor.ndim;
  const newFormat = dims === tensor.ndim ? memoryFormat : undefined;
  if (device === undefined && newDtype === undefined && newFormat === undefined) return;
  using moved = tensor.to({ device, dtype: newDtype, memoryFormat: newFormat, nonBlocking });
  tensor.setData(moved);
}
