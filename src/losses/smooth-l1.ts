import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { reduction } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/**
 * Squared (and divided by `beta`) below `beta`, linear above.
 *
 * @example
 * ```ts
 * const loss = new SmoothL1LossConfig({ beta: 2 }).getObject();
 * console.log(loss.call(torch.tensor([[1], [5]]), torch.zeros([2, 1])).item()); // → 2.125
 * ```
 */
export class SmoothL1LossConfig
  extends configClass(
    "SmoothL1Loss",
    z.strictObject({
      /** How the losses of a batch are made one: "mean" (default) or "sum". */
      reduction,
      /** Up to which difference it is a square, ≥ 0; a line beyond. Default 1. */
      beta: z.number().nonnegative().default(1),
    }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.SmoothL1Loss({ reduction: this.reduction, beta: this.beta });
  }
}
