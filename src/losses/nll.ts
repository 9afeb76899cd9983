import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ignoreIndex, reduction, weight, weights } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/** Negative log-likelihood of class indices, from log-probabilities (N, C, …). */
export class NLLLossConfig
  extends configClass(
    "NLLLoss",
    z.strictObject({
      /** One weight per class, ≥ 0; default null: all alike. */
      weight,
      /** Targets with this class index do not count; default -100: none is. */
      ignoreIndex,
      /** How the losses of a batch are made one: "mean" (default) or "sum". */
      reduction,
    }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    const { ignoreIndex, reduction } = this;
    return new nn.NLLLoss({ weight: weights(this.weight), ignoreIndex, reduction });
  }
}
