import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { nested, noWeight, reduction, weights } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/**
 * Binary cross-entropy between logits and targets of the same shape; `posWeight` weighs the positive class.
 *
 * @example
 * ```ts
 * // three times as many controls as patients
 * const loss = new BCEWithLogitsLossConfig({ posWeight: [3] }).getObject();
 * const logits = torch.tensor([[2], [-1]]);
 * console.log(loss.call(logits, torch.tensor([[1], [0]])).item().toFixed(4)); // → 0.3470
 * ```
 */
export class BCEWithLogitsLossConfig
  extends configClass(
    "BCEWithLogitsLoss",
    z.strictObject({
      /** Always null: weights per sample cannot be known in advance. */
      weight: noWeight,
      /** How the losses of a batch are made one: "mean" (default) or "sum". */
      reduction,
      /** How much more positive targets count than negative ones, ≥ 0: one per class; default null: alike. */
      posWeight: z.array(nested).nullable().default(null),
    }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.BCEWithLogitsLoss({ posWeight: weights(this.posWeight), reduction: this.reduction });
  }
}
