import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ignoreIndex, reduction, weight, weights } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/** Negative log-likelihood of class indices, from log-probabilities (N, C, …). */
export class NLLLossConfig
  extends configClass("NLLLoss", z.strictObject({ weight, ignoreIndex, reduction }))
  implements LossConfig
{
  getObject(): LossModule {
    const { ignoreIndex, reduction } = this;
    return new nn.NLLLoss({ weight: weights(this.weight), ignoreIndex, reduction });
  }
}
