/** How a model is optimised. */

/** Learning-rate schedulers. */
export * from "./lr-schedulers/all.ts";
export type { LRScheduler, LRSchedulerConfig, LRSchedulerType } from "./lr-schedulers/config.ts";
export { lrSchedulerRegistry, registerLRScheduler } from "./lr-schedulers/registry.ts";
/** Epochs, accumulation, clipping, reset. */
export { OptimizationConfig } from "./optimization-config.ts";
/** Optimizers. */
export * from "./optimizers/index.ts";
