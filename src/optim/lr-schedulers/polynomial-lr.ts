import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { lastEpoch, totalIters } from "./fields.ts";

/** The learning rate times (1 − epoch / `totalIters`) to the `power`. */
export class PolynomialLRConfig
  extends configClass(
    "PolynomialLR",
    z.strictObject({
      /** The epoch to go on from; -1, the default: none was made. */
      lastEpoch,
      /** After how many epochs the learning rate is 0; default 5. */
      totalIters,
      /** Of the polynomial; default 1, a line. */
      power: z.number().default(1),
    }),
  )
  implements LRSchedulerConfig
{
  schedulerType(): "epoch-based" {
    return "epoch-based";
  }
  getObject(optimizer: optim.Optimizer): optim.lrScheduler.PolynomialLR {
    return new optim.lrScheduler.PolynomialLR(optimizer, this.fields());
  }
}
