/**
 * libtorch's CUDA part, a library of its own. It is opened with the addon where the machine has a GPU, before anything else is asked of
 * libtorch: the first question about CUDA, such as a seed for every device, would else be answered with "there is none" for good.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Of NVIDIA's driver: that of all GPUs, since a container may be given the fourth only; and that of Windows' Linux. */
const DEVICES = ["/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg"];

/** Whether this machine looks as if it had a GPU of NVIDIA's; no engine is loaded for it. */
export function hasGpu(devices: readonly string[] = DEVICES): boolean {
  return devices.some((device) => existsSync(device));
}

/** Why the CUDA part was not opened; "" where it was, or nobody has tried. */
export let whyNotOpened = "";

/** Opens it, if there is a GPU. A machine whose part cannot be opened computes on its CPU: {@link whyNotOpened} says why. */
export function openCudaPart(addon: { loadCuda(path: string): string }, libtorch: string, gpu = hasGpu()): void {
  if (!gpu) {
    whyNotOpened = "no NVIDIA device was found";
    return;
  }
  const library = join(libtorch, "torch", "lib", "libtorch_cuda.so");
  whyNotOpened = existsSync(library) ? addon.loadCuda(library) : `${library} does not exist`;
}
