/** Threads, determinism, build. */
import { native } from "./native.ts";

export function getNumThreads(): number {
  return native.getNumThreads();
}
/** Threads that one operator may use. */
export function setNumThreads(count: number): void {
  native.setNumThreads(count);
}
/** In a thread that loads data beside a training: kernels of our own leave the other threads to it, from now on. */
export function workBeside(): void {
  native.workBeside();
}
/**
 * Operators without a deterministic way throw, or only warn. On CUDA, cuDNN is held to deterministic kernels and
 * CUBLAS_WORKSPACE_CONFIG must be set before the first use (`seedEverything` does it).
 */
export function useDeterministicAlgorithms(enabled: boolean, options: { warnOnly?: boolean } = {}): void {
  native.setDeterministic(enabled, options.warnOnly ?? false);
  native.setCudnn(enabled, false);
}
export function areDeterministicAlgorithmsEnabled(): boolean {
  return native.deterministic()[0];
}
export function isDeterministicWarnOnly(): boolean {
  return native.deterministic()[1];
}
/** Numbers too small for the usual form become 0, which some CPUs compute much faster; false where not supported. */
export function setFlushDenormal(enabled: boolean): boolean {
  return native.setFlushDenormal(enabled);
}
/** libtorch's version. */
export function version(): string {
  return native.version();
}
/** libtorch's build, parallel set-up and instruction set, as text. */
export function config(): string {
  return native.config();
}
