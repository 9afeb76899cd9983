import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { noWeight, reduction } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/**
 * Binary cross-entropy between probabilities and targets of the same shape.
 *
 * @example
 * ```ts
 * const loss = new BCELossConfig().getObject();
 * const probabilities = torch.tensor([[0.9], [0.2]]);
 * console.log(loss.call(probabilities, torch.tensor([[1], [0]])).item().toFixed(4)); // → 0.1643
 * ```
 */
export class BCELossConfig
  extends configClass(
    "BCELoss",
    z.strictObject({
      /** Always null: weights per sample cannot be known in advance. */
      weight: noWeight,
      /** How the losses of a batch are made one: "mean" (default) or "sum". */
      reduction,
    }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.BCELoss({ reduction: this.reduction });
  }
}
