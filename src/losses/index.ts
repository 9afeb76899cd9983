/** Loss functions: PyTorch's, through configs that a MAPS can record. */

/** Which values losses and metrics take. */
export { type Accepted, accepts, describeRefused, refusal, refusedValues, type ValueSource } from "./accepted.ts";
/** One file per loss. */
export * from "./all.ts";
/** Calling a loss on what a batch holds. */
export {
  callLoss,
  callLossUnreduced,
  comparesSamples,
  hasTargetWeights,
  prepareTarget,
  targetWeights,
} from "./apply.ts";
export { lossRegistry, registerLoss } from "./registry.ts";
export { acceptedTargets, checkTarget, nameOf, type TargetSource } from "./targets.ts";
export type {
  ComparesSamples,
  KnowsTargets,
  LossConfig,
  LossFunction,
  LossModule,
  Reduction,
  WeighsTargets,
} from "./types.ts";
