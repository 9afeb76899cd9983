import type { JsonObject } from "../../utils/config.ts";
import {
  ConstantLRConfig,
  ExponentialLRConfig,
  LinearLRConfig,
  type LRSchedulerConfig,
  MultiStepLRConfig,
  OneCycleLRConfig,
  PolynomialLRConfig,
  ReduceLROnPlateauConfig,
  StepLRConfig,
} from "./configs.ts";

/** The scheduler configs, by their `name_`. */
export const LR_SCHEDULER_CONFIGS: Readonly<Record<string, { fromDict(dict: JsonObject): LRSchedulerConfig }>> = {
  ConstantLR: ConstantLRConfig,
  ExponentialLR: ExponentialLRConfig,
  LinearLR: LinearLRConfig,
  StepLR: StepLRConfig,
  MultiStepLR: MultiStepLRConfig,
  PolynomialLR: PolynomialLRConfig,
  ReduceLROnPlateau: ReduceLROnPlateauConfig,
  OneCycleLR: OneCycleLRConfig,
};
