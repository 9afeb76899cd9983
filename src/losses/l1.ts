import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { reduction } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/**
 * Mean absolute error.
 *
 * @example
 * ```ts
 * const loss = new L1LossConfig().getObject();
 * console.log(loss.call(torch.tensor([[61], [70]]), torch.tensor([[65], [68]])).item()); // → 3
 * ```
 */
export class L1LossConfig
  extends configClass(
    "L1Loss",
    z.strictObject({
      /** How the losses of a batch are made one: "mean" (default) or "sum". */
      reduction,
    }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.L1Loss({ reduction: this.reduction });
  }
}
