/** How a model is optimised. */

/** Learning-rate schedulers. */
export * from "./lr-schedulers/all.ts";
export { lrSchedulerRegistry } from "./lr-schedulers/catalogue.ts";
export type { LRScheduler, LRSchedulerConfig, LRSchedulerType } from "./lr-schedulers/config.ts";
export type { TrainingLength } from "./lr-schedulers/length.ts";
export { registerLRScheduler } from "./lr-schedulers/registry.ts";
/** Epochs, accumulation, clipping, reset. */
export { OptimizationConfig } from "./optimization-config.ts";
/** Optimizers. */
export * from "./optimizers/index.ts";
