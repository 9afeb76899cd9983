import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ignoreIndex, reduction, weight, weights } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/**
 * Cross-entropy between scores (N, C, …) and class indices, or class probabilities of the same shape.
 *
 * @example
 * ```ts
 * const loss = new CrossEntropyLossConfig({ weight: [1, 1, 4] }).getObject();
 * const scores = torch.tensor([[2, 0, 0], [0, 0, 1]]);
 * console.log(loss.call(scores, torch.tensor([0, 2], { dtype: "int64" })).item().toFixed(4)); // → 0.4891
 * ```
 */
export class CrossEntropyLossConfig
  extends configClass(
    "CrossEntropyLoss",
    z.strictObject({
      /** One weight per class, ≥ 0; default null: all alike. */
      weight,
      /** Targets with this class index do not count; default -100: none is. */
      ignoreIndex,
      /** How the losses of a batch are made one: "mean" (default) or "sum". */
      reduction,
      /** What part of a target is spread over all classes, from 0 to 1; default 0. */
      labelSmoothing: z.number().min(0).max(1).default(0),
    }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    const { ignoreIndex, reduction, labelSmoothing } = this;
    return new nn.CrossEntropyLoss({ weight: weights(this.weight), ignoreIndex, reduction, labelSmoothing });
  }
}
