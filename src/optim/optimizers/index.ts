/** Optimizers, through configs that a MAPS can record. */

/** One file per optimizer. */
export * from "./all.ts";
export type { Optimizer, OptimizerConfig } from "./config.ts";
/** Naming parts of a network. */
export { parametersUnder } from "./parameter-groups.ts";
export type { PerGroup } from "./per-group.ts";
export { optimizerRegistry, registerOptimizer } from "./registry.ts";
