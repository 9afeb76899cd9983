import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { reduction } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/**
 * Kullback-Leibler divergence between log-probabilities and probabilities (or their logarithms).
 *
 * @example
 * ```ts
 * const loss = new KLDivLossConfig({ reduction: "sum" }).getObject();
 * const [p, q] = [torch.tensor([[0.5, 0.5]]), torch.tensor([[0.75, 0.25]])];
 * console.log(loss.call(p.log(), q).item().toFixed(4)); // → 0.1308
 * ```
 */
export class KLDivLossConfig
  extends configClass(
    "KLDivLoss",
    z.strictObject({
      /** How the losses of a batch are made one: "mean" (default) or "sum". */
      reduction,
      /** Whether targets are logarithms, as outputs are; default false. */
      logTarget: z.boolean().default(false),
    }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.KLDivLoss({ reduction: this.reduction, logTarget: this.logTarget });
  }
}
