/** What lives, what the CPU allocator keeps, and how to bound it. */
import * as cuda from "./cuda.ts";
import { type MemoryStats, native } from "./native.ts";

/** Tensors that JavaScript holds, over all threads, and bytes of CPU memory in use by any tensor. */
export function live(): { tensors: number; bytes: number } {
  return { tensors: native.liveTensors(), bytes: native.liveBytes() };
}

export function stats(): MemoryStats {
  return native.memoryStats();
}

/** Gives the memory that the allocator keeps for later back to the system. */
export function emptyCache(): void {
  native.emptyCache();
}

/** The most CPU memory tensors may take, in bytes; 0 for no cap. Beyond it an operator throws, and nothing is lost. */
export function setCap(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 0)
    throw new RangeError(`memory.setCap: expected bytes ≥ 0, got ${bytes}.`);
  native.setMemoryCap(bytes);
}

/** The most bytes that tensors on the device have held at once, since {@link resetPeakMemoryStats} or the beginning. */
export function maxMemoryAllocated(device = "cpu"): number {
  return device === "cpu" ? native.memoryStats().peakBytes : cuda.maxMemoryAllocated(device);
}

/** Starts the peak of the device anew, at what is in use now. */
export function resetPeakMemoryStats(device = "cpu"): void {
  if (device === "cpu") native.resetPeakMemory();
  else cuda.resetPeakMemoryStats(device);
}
