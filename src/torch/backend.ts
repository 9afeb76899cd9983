/** Threads, determinism, build. */
import { native } from "./native.ts";

/**
 * How many threads one operator may use; {@link setNumThreads} changes it.
 * @example
 * ```ts
 * console.log(torch.getNumThreads() >= 1); // → true
 * ```
 */
export function getNumThreads(): number {
  return native.getNumThreads();
}
/**
 * Threads that one operator may use.
 * @example
 * ```ts
 * const before = torch.getNumThreads();
 * torch.setNumThreads(1);
 * console.log(torch.getNumThreads()); // → 1
 * torch.setNumThreads(before);
 * ```
 */
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
 * @example
 * ```ts
 * torch.useDeterministicAlgorithms(true, { warnOnly: true });
 * console.log(torch.areDeterministicAlgorithmsEnabled()); // → true
 * torch.useDeterministicAlgorithms(false);
 * ```
 */
export function useDeterministicAlgorithms(enabled: boolean, options: { warnOnly?: boolean } = {}): void {
  native.setDeterministic(enabled, options.warnOnly ?? false);
  native.setCudnn(enabled, false);
}
/**
 * Whether {@link useDeterministicAlgorithms} is on.
 * @example
 * ```ts
 * console.log(torch.areDeterministicAlgorithmsEnabled()); // → false
 * ```
 */
export function areDeterministicAlgorithmsEnabled(): boolean {
  return native.deterministic()[0];
}
/**
 * Whether operators without a deterministic way only warn.
 * @example
 * ```ts
 * torch.useDeterministicAlgorithms(true, { warnOnly: true });
 * console.log(torch.isDeterministicWarnOnly()); // → true
 * torch.useDeterministicAlgorithms(false);
 * ```
 */
export function isDeterministicWarnOnly(): boolean {
  return native.deterministic()[1];
}
/**
 * Numbers too small for the usual form become 0, which some CPUs compute much faster; false where not supported.
 * @example
 * ```ts
 * if (torch.setFlushDenormal(true)) {
 *   using tiny = torch.tensor([1e-310], { dtype: "float64" });
 *   using product = tiny.mul(1);
 *   console.log(product.item()); // → 0
 *   torch.setFlushDenormal(false);
 * }
 * ```
 */
export function setFlushDenormal(enabled: boolean): boolean {
  return native.setFlushDenormal(enabled);
}
/**
 * libtorch's version.
 * @example
 * ```ts
 * console.log(/^\d+\.\d+/.test(torch.version())); // → true
 * ```
 */
export function version(): string {
  return native.version();
}
/**
 * libtorch's build, parallel set-up and instruction set, as text.
 * @example
 * ```ts
 * console.log(torch.config().includes("PyTorch built with")); // → true
 * ```
 */
export function config(): string {
  return native.config();
}
