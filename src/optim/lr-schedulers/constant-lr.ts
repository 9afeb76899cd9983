import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { lastEpoch, positive, totalIters } from "./fields.ts";

/** The learning rate times `factor` until epoch `totalIters`. */
export class ConstantLRConfig
  extends configClass(
    "ConstantLR",
    z.strictObject({
      /** The epoch to go on from; -1, the default: none was made. */
      lastEpoch,
      /** What the learning rate is multiplied by until then, > 0; default 1/3. */
      factor: positive().default(1 / 3),
      /** For how many epochs; default 5. */
      totalIters,
    }),
  )
  implements LRSchedulerConfig
{
  schedulerType(): "epoch-based" {
    return "epoch-based";
  }
  getObject(optimizer: optim.Optimizer): optim.lrScheduler.ConstantLR {
    return new optim.lrScheduler.ConstantLR(optimizer, this.fields());
  }
}
