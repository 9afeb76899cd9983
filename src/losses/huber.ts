import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { reduction } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/**
 * Squared below `delta`, linear above.
 *
 * @example
 * ```ts
 * const loss = new HuberLossConfig({ delta: 1 }).getObject();
 * console.log(loss.call(torch.tensor([[0.5], [3]]), torch.zeros([2, 1])).item()); // → 1.3125
 * ```
 */
export class HuberLossConfig
  extends configClass(
    "HuberLoss",
    z.strictObject({
      /** How the losses of a batch are made one: "mean" (default) or "sum". */
      reduction,
      /** Up to which difference it is a square, > 0; a line beyond. Default 1. */
      delta: z.number().positive().default(1),
    }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.HuberLoss({ reduction: this.reduction, delta: this.delta });
  }
}
