/** Loss functions: PyTorch's, through configs that a MAPS can record. */

/** Which values losses and metrics take. */
export { type Accepted, accepts, describeRefused, refusal, refusedValues, type ValueSource } from "./accepted.ts";
/** Calling a loss on what a batch holds. */
export { callLoss, callLossUnreduced, prepareTarget, targetWeights } from "./apply.ts";
/** One config per loss, and all of them by name. */
export * from "./configs.ts";
export { acceptedTargets, checkTarget, nameOf, type TargetSource } from "./targets.ts";
export type { LossFunction, LossModule, Reduction } from "./types.ts";
