/** How a model is optimised. */

/** Learning-rate schedulers. */
export * from "./lr-schedulers/configs.ts";
export { lrSchedulerRegistry, registerLRScheduler } from "./lr-schedulers/registry.ts";
/** Epochs, accumulation, clipping, reset. */
export { OptimizationConfig } from "./optimization-config.ts";
/** Optimizers. */
export * from "./optimizers/index.ts";
