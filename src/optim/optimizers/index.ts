/** Optimizers, through configs that a MAPS can record. */

/** One config per optimizer, and all of them by name. */
export * from "./configs.ts";
/** Naming parts of a network. */
export { parametersUnder } from "./parameter-groups.ts";
export type { PerGroup } from "./per-group.ts";
export { optimizerRegistry, registerOptimizer } from "./registry.ts";
