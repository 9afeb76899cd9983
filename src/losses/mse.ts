import { z } from "zod";
import { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { reduction } from "./fields.ts";
import type { LossConfig, LossModule } from "./types.ts";

/**
 * Mean squared error.
 *
 * @example
 * ```ts
 * const loss = new MSELossConfig().getObject();
 * console.log(loss.call(torch.tensor([[61], [70]]), torch.tensor([[65], [68]])).item()); // → 10
 * ```
 */
export class MSELossConfig
  extends configClass(
    "MSELoss",
    z.strictObject({
      /** How the losses of a batch are made one: "mean" (default) or "sum". */
      reduction,
    }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.MSELoss({ reduction: this.reduction });
  }
}
