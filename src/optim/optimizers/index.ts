/** Optimizers, through configs that a MAPS can record. */

export {
  AdadeltaConfig,
  AdagradConfig,
  AdamConfig,
  AdamWConfig,
  type Optimizer,
  type OptimizerConfig,
  RMSpropConfig,
  SGDConfig,
} from "./configs.ts";
/** The configs by `name_`, to read them from JSON. */
export { OPTIMIZER_CONFIGS } from "./factory.ts";
/** Naming parts of a network. */
export { parametersUnder } from "./parameter-groups.ts";
export type { PerGroup } from "./per-group.ts";
