import { native } from "../native.ts";
import type { Tensor } from "../tensor.ts";
import { itemSize } from "../types.ts";
import { crc32 } from "./crc.ts";

/**
 * What a file is written of: bytes, or the memory of a contiguous tensor on the CPU, which is written as it lies there. The tensor
 * is disposed when the next part is asked for.
 */
export type Part = Uint8Array | Tensor;

export function lengthOf(part: Part): number {
  return part instanceof Uint8Array ? part.byteLength : part.numel() * itemSize(part.dtype);
}

export function bytesOf(part: Part): Uint8Array {
  return part instanceof Uint8Array ? part : part.toBytes();
}

export function copyPart(part: Part, target: Uint8Array): void {
  if (part instanceof Uint8Array) target.set(part);
  else part.copyInto(target);
}

/** What the addon takes for these bytes. */
export function spanOf(part: Part): Uint8Array | number {
  return part instanceof Uint8Array ? part : part.handleFor("save");
}

/** CRC-32 of zip. */
export function crcOf(part: Part): number {
  return native.crc32(spanOf(part)) ?? crc32(bytesOf(part));
}
