/** What lives, what the CPU allocator keeps, and how to bound it. */
import * as cuda from "./cuda.ts";
import { type MemoryStats, native } from "./native.ts";

/**
 * Tensors that JavaScript holds, over all threads, and bytes of CPU memory in use by any tensor.
 * @example
 * ```ts
 * const { tensors } = torch.memory.live();
 * using x = torch.ones([1000]);
 * console.log(torch.memory.live().tensors - tensors, torch.memory.live().bytes >= 4 * x.numel()); // → 1 true
 * ```
 */
export function live(): { tensors: number; bytes: number } {
  return { tensors: native.liveTensors(), bytes: native.liveBytes() };
}

/**
 * What the CPU allocator has given out and keeps, in bytes.
 * @example
 * ```ts
 * using x = torch.ones([1000]);
 * console.log(torch.memory.stats().peakBytes >= 4000); // → true
 * ```
 */
export function stats(): MemoryStats {
  return native.memoryStats();
}

/**
 * Gives the memory that the allocator keeps for later back to the system.
 * @example
 * ```ts
 * torch.ones([1_000_000]).dispose();
 * torch.memory.emptyCache();
 * ```
 */
export function emptyCache(): void {
  native.emptyCache();
}

/**
 * The most CPU memory tensors may take, in bytes; 0 for no cap. Beyond it an operator throws, and nothing is lost.
 * @example
 * ```ts
 * torch.memory.setCap(torch.memory.live().bytes + 1_000_000);
 * try {
 *   torch.ones([1_000_000]).dispose();
 * } catch (error) {
 *   console.log(error instanceof Error); // → true
 * }
 * torch.memory.setCap(0);
 * ```
 */
export function setCap(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 0)
    throw new RangeError(`memory.setCap: expected bytes ≥ 0, got ${bytes}.`);
  native.setMemoryCap(bytes);
}

/**
 * The most bytes that tensors on the device have held at once, since {@link resetPeakMemoryStats} or the beginning.
 * @example
 * ```ts
 * torch.memory.resetPeakMemoryStats();
 * const before = torch.memory.maxMemoryAllocated();
 * torch.ones([1_000_000]).dispose();
 * console.log(torch.memory.maxMemoryAllocated() - before >= 4_000_000); // → true
 * ```
 */
export function maxMemoryAllocated(device = "cpu"): number {
  return device === "cpu" ? native.memoryStats().peakBytes : cuda.maxMemoryAllocated(device);
}

/**
 * Starts the peak of the device anew, at what is in use now.
 * @example
 * ```ts
 * torch.ones([1_000_000]).dispose();
 * torch.memory.resetPeakMemoryStats();
 * console.log(torch.memory.maxMemoryAllocated() >= torch.memory.live().bytes); // → true
 * ```
 */
export function resetPeakMemoryStats(device = "cpu"): void {
  if (device === "cpu") native.resetPeakMemory();
  else cuda.resetPeakMemoryStats(device);
}
