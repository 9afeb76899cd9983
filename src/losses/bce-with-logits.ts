import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { nested, noWeight, reduction, weights } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/** Binary cross-entropy between logits and targets of the same shape; `posWeight` weighs the positive class. */
export class BCEWithLogitsLossConfig
  extends configClass(
    "BCEWithLogitsLoss",
    z.strictObject({ weight: noWeight, reduction, posWeight: z.array(nested).nullable().default(null) }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.BCEWithLogitsLoss({ posWeight: weights(this.posWeight), reduction: this.reduction });
  }
}
