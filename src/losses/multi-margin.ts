import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { reduction, weight, weights } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/** Multi-class margin loss between scores (N, C) and class indices. */
export class MultiMarginLossConfig
  extends configClass(
    "MultiMarginLoss",
    z.strictObject({
      p: z.union([z.literal(1), z.literal(2)], "Expected 1 or 2").default(1),
      margin: z.number().default(1),
      weight,
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
