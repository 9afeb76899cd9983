/** Loss functions: PyTorch's, through configs that a MAPS can record. */

/** Calling a loss on what a batch holds. */
export { callLoss, callLossUnreduced, prepareTarget, targetWeights } from "./apply.ts";
/** One config per loss. */
export {
  BCELossConfig,
  BCEWithLogitsLossConfig,
  CrossEntropyLossConfig,
  HuberLossConfig,
  KLDivLossConfig,
  L1LossConfig,
  type LossConfig,
  MSELossConfig,
  MultiMarginLossConfig,
  NLLLossConfig,
  SmoothL1LossConfig,
} from "./configs.ts";
/** The configs by `name_`, to read them from JSON. */
export { LOSS_CONFIGS } from "./factory.ts";
export type { LossFunction, LossModule, Reduction } from "./types.ts";
