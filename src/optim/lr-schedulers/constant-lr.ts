import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { lastEpoch, positive, totalIters } from "./fields.ts";

/** The learning rate times `factor` until epoch `totalIters`. */
export class ConstantLRConfig
  extends configClass("ConstantLR", z.strictObject({ lastEpoch, factor: positive().default(1 / 3), totalIters }))
  implements LRSchedulerConfig
{
  schedulerType(): "epoch-based" {
    return "epoch-based";
  }
  getObject(optimizer: optim.Optimizer): optim.lrScheduler.ConstantLR {
    return new optim.lrScheduler.ConstantLR(optimizer, this.fields());
  }
}
