/** NVIDIA GPUs. libtorch's CUDA part is opened at the first question, where the machine has a GPU. Untested without one. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readEngine } from "./engine.ts";
import { native } from "./native.ts";

let opened: string | undefined;

/** Opens libtorch_cuda, once; says why it cannot be opened, or "". */
function open(): string {
  if (opened !== undefined) return opened;
  if (!existsSync("/dev/nvidia0") && !existsSync("/dev/dxg")) {
    opened = "no NVIDIA device was found";
  } else {
    const library = join(readEngine().libtorch, "torch", "lib", "libtorch_cuda.so");
    opened = existsSync(library) ? native.loadCuda(library) : `${library} does not exist`;
  }
  return opened;
}

export function isAvailable(): boolean {
  return open() === "" && native.cudaAvailable();
}

/** Why {@link isAvailable} is false; "" where it is true. */
export function whyUnavailable(): string {
  const why = open();
  if (why !== "") return why;
  return native.cudaAvailable() ? "" : "libtorch found no usable GPU (driver missing or too old)";
}

export function deviceCount(): number {
  return open() === "" ? native.cudaDeviceCount() : 0;
}

/** What its driver calls the GPU: `NVIDIA H100 80GB HBM3`. */
export function getDeviceName(device = "cuda:0"): string {
  return native.cudaDeviceName(Number(device.split(":")[1] ?? 0));
}

/** Waits until the device has done all that was asked of it. */
export function synchronize(device = "cuda:0"): void {
  native.cudaSynchronize(device);
}
export function memoryAllocated(device = "cuda:0"): number {
  return native.cudaMemory(device).allocated;
}
export function maxMemoryAllocated(device = "cuda:0"): number {
  return native.cudaMemory(device).maxAllocated;
}
export function memoryReserved(device = "cuda:0"): number {
  return native.cudaMemory(device).reserved;
}
export function resetPeakMemoryStats(device = "cuda:0"): void {
  native.cudaResetPeak(device);
}
export function emptyCache(): void {
  if (isAvailable()) native.cudaEmptyCache();
}
