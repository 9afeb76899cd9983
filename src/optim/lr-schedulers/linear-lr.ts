import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { lastEpoch, positive, totalIters } from "./fields.ts";

/** From `startFactor` to `endFactor` times the learning rate, linearly, in `totalIters` epochs. */
export class LinearLRConfig
  extends configClass(
    "LinearLR",
    z.strictObject({ lastEpoch, startFactor: positive().default(1 / 3), endFactor: positive().default(1), totalIters }),
  )
  implements LRSchedulerConfig
{
  schedulerType(): "epoch-based" {
    return "epoch-based";
  }
  getObject(optimizer: optim.Optimizer): optim.lrScheduler.LinearLR {
    return new optim.lrScheduler.LinearLR(optimizer, this.fields());
  }
}
