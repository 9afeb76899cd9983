import type { JsonObject } from "../utils/config.ts";
import {
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

/** The loss configs, by their `name_`. */
export const LOSS_CONFIGS: Readonly<Record<string, { fromDict(dict: JsonObject): LossConfig }>> = {
  NLLLoss: NLLLossConfig,
  CrossEntropyLoss: CrossEntropyLossConfig,
  BCELoss: BCELossConfig,
  BCEWithLogitsLoss: BCEWithLogitsLossConfig,
  MultiMarginLoss: MultiMarginLossConfig,
  KLDivLoss: KLDivLossConfig,
  HuberLoss: HuberLossConfig,
  SmoothL1Loss: SmoothL1LossConfig,
  L1Loss: L1LossConfig,
  MSELoss: MSELossConfig,
};
