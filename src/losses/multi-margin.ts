import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { reduction, weight, weights } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/**
 * Multi-class margin loss between scores (N, C) and class indices.
 *
 * @example
 * ```ts
 * const loss = new MultiMarginLossConfig({ margin: 1 }).getObject();
 * const scores = torch.tensor([[0.5, 0.25, 2]]);
 * console.log(loss.call(scores, torch.tensor([0], { dtype: "int64" })).item().toFixed(4)); // → 1.0833
 * ```
 */
export class MultiMarginLossConfig
  extends configClass(
    "MultiMarginLoss",
    z.strictObject({
      /** The power of what is missing to the margin: 1 (default) or 2. */
      p: z.union([z.literal(1), z.literal(2)], "Expected 1 or 2").default(1),

      /** By how much the score of the right class is to exceed the others; default 1. */
      margin: z.number().default(1),

      /** One weight per class, ≥ 0; default null: all alike. */
      weight,

      /** How the losses of a batch are made one: "mean" (default) or "sum". */
      reduction,
    }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    const { p, margin, reduction } = this;
    return new nn.MultiMarginLoss({ p, margin, weight: weights(this.weight), reduction });
  }
}
