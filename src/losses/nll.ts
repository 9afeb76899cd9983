import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ignoreIndex, reduction, weight, weights } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/**
 * Negative log-likelihood of class indices, from log-probabilities (N, C, …).
 *
 * @example
 * ```ts
 * const loss = new NLLLossConfig().getObject();
 * const logProbabilities = torch.tensor([[0.8, 0.2]]).log();
 * console.log(loss.call(logProbabilities, torch.tensor([0], { dtype: "int64" })).item().toFixed(4)); // → 0.2231
 * ```
 */
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
