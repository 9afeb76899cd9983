/** Loss functions: PyTorch's, through configs that a MAPS can record. */

/** Calling a loss on what a batch holds. */
export { callLoss, callLossUnreduced, prepareTarget, targetWeights } from "./apply.ts";
/** One config per loss, and all of them by name. */
export * from "./configs.ts";
export type { LossFunction, LossModule, Reduction } from "./types.ts";
