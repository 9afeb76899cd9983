import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { reduction } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/** Kullback-Leibler divergence between log-probabilities and probabilities (or their logarithms). */
export class KLDivLossConfig
  extends configClass("KLDivLoss", z.strictObject({ reduction, logTarget: z.boolean().default(false) }))
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.KLDivLoss({ reduction: this.reduction, logTarget: this.logTarget });
  }
}
