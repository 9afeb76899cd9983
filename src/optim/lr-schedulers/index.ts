/** Learning-rate schedulers, through configs that a MAPS can record. */

export {
  ConstantLRConfig,
  ExponentialLRConfig,
  LinearLRConfig,
  type LRScheduler,
  type LRSchedulerConfig,
  type LRSchedulerType,
  MultiStepLRConfig,
  OneCycleLRConfig,
  PolynomialLRConfig,
  ReduceLROnPlateauConfig,
  StepLRConfig,
} from "./configs.ts";
/** The configs by `name_`, to read them from JSON. */
export { LR_SCHEDULER_CONFIGS } from "./factory.ts";
