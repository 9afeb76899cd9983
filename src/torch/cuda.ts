/**
 * NVIDIA GPUs, as PyTorch's `torch.cuda`. A device is named "cuda:0", "cuda:1"; "cuda" is the one that this thread computes on, the first unless
 * {@link setDevice} has chosen another. Untested without a GPU; `npm run test:gpu` tries all of it on one.
 */
import { hasGpu, whyNotOpened } from "./cuda-part.ts";
import { native } from "./native.ts";

/**
 * Whether libtorch can compute on a GPU of this machine.
 * @example
 * ```ts
 * const device = torch.cuda.isAvailable() ? "cuda" : "cpu";
 * using x = torch.ones([2], { device });
 * console.log(x.sum().item()); // → 2
 * ```
 */
export function isAvailable(): boolean {
  // the engine is loaded only where there may be one
  return hasGpu() && native.cudaAvailable();
}

/**
 * Why {@link isAvailable} is false; "" where it is true.
 * @example
 * ```ts
 * console.log(torch.cuda.isAvailable() === (torch.cuda.whyUnavailable() === "")); // → true
 * ```
 */
export function whyUnavailable(): string {
  if (!hasGpu()) return "no NVIDIA device was found";
  if (native.cudaAvailable()) return "";
  return whyNotOpened || "libtorch found no usable GPU (driver missing or too old)";
}

/**
 * How many GPUs libtorch sees: `CUDA_VISIBLE_DEVICES` may hide some.
 * @example
 * ```ts
 * console.log(torch.cuda.deviceCount() > 0 || !torch.cuda.isAvailable()); // → true
 * ```
 */
export function deviceCount(): number {
  return hasGpu() ? native.cudaDeviceCount() : 0;
}

/** The GPU that "cuda" names in this thread, from 0. */
export function currentDevice(): number {
  return native.cudaCurrentDevice();
}

/**
 * Makes another GPU the one that "cuda" names in this thread, as PyTorch's `torch.cuda.set_device`. Where several processes train together, the
 * Trainer takes the one of the process's number on its machine.
 *
 * @throws RangeError where there is no such GPU.
 */
export function setDevice(index: number): void {
  const count = deviceCount();
  if (!(Number.isInteger(index) && index >= 0 && index < count)) {
    const why = count === 0 ? whyUnavailable() : `there ${count === 1 ? "is one" : `are ${count}`}, counted from 0`;
    throw new RangeError(`torch.cuda.setDevice: there is no GPU ${index}: ${why}.`);
  }
  native.cudaSetDevice(index);
}

/** What its driver calls the GPU: `NVIDIA H100 80GB HBM3`. */
export function getDeviceName(device = "cuda"): string {
  const index = device.split(":")[1];
  return native.cudaDeviceName(index === undefined ? currentDevice() : Number(index));
}

/** Waits until the device has done all that was asked of it. */
export function synchronize(device = "cuda"): void {
  native.cudaSynchronize(device);
}
export function memoryAllocated(device = "cuda"): number {
  return native.cudaMemory(device).allocated;
}
export function maxMemoryAllocated(device = "cuda"): number {
  return native.cudaMemory(device).maxAllocated;
}
export function memoryReserved(device = "cuda"): number {
  return native.cudaMemory(device).reserved;
}
export function resetPeakMemoryStats(device = "cuda"): void {
  native.cudaResetPeak(device);
}
/**
 * Gives the memory of GPUs that is kept for later back to the system; nothing happens where there is no GPU.
 * @example
 * ```ts
 * torch.cuda.emptyCache();
 * ```
 */
export function emptyCache(): void {
  if (isAvailable()) native.cudaEmptyCache();
}

/**
 * Whether GPUs may round the factors of products of float32 numbers to 10 bits (TensorFloat-32), which is faster. Default, as in PyTorch: in convolutions,
 * and not in matrix products.
 */
export function allowTf32({ convolutions, products }: { convolutions: boolean; products: boolean }): void {
  native.setTf32(convolutions, products);
}
