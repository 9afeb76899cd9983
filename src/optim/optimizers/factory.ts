import type { JsonObject } from "../../utils/config.ts";
import {
  AdadeltaConfig,
  AdagradConfig,
  AdamConfig,
  AdamWConfig,
  type OptimizerConfig,
  RMSpropConfig,
  SGDConfig,
} from "./configs.ts";

/** The optimizer configs, by their `name_`. */
export const OPTIMIZER_CONFIGS: Readonly<Record<string, { fromDict(dict: JsonObject): OptimizerConfig }>> = {
  Adam: AdamConfig,
  AdamW: AdamWConfig,
  SGD: SGDConfig,
  RMSprop: RMSpropConfig,
  Adagrad: AdagradConfig,
  Adadelta: AdadeltaConfig,
};
