import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { lastEpoch, positive, totalIters } from "./fields.ts";

/**
 * From `startFactor` to `endFactor` times the learning rate, linearly, in `totalIters` epochs.
 *
 * @example
 * ```ts
 * const weights = new torch.nn.Linear(1, 1);
 * const optimizer = new SGDConfig({ lr: 1 }).getObject(weights);
 * const scheduler = new LinearLRConfig({ startFactor: 0.25, totalIters: 3 }).getObject(optimizer);
 * const rates = Array.from({ length: 4 }, () => {
 *   optimizer.step();
 *   scheduler.step();
 *   return scheduler.getLastLr()[0]?.toFixed(3);
 * });
 * console.log(rates.join(" ")); // → 0.500 0.750 1.000 1.000
 * ```
 */
export class LinearLRConfig
  extends configClass(
    "LinearLR",
    z.strictObject({
      /** The epoch to go on from; -1, the default: none was made. */
      lastEpoch,
      /** What the learning rate is multiplied by in the beginning, > 0; default 1/3. */
      startFactor: positive().default(1 / 3),
      /** What it is multiplied by in the end, > 0; default 1. */
      endFactor: positive().default(1),
      /** For how many epochs it changes; default 5. */
      totalIters,
    }),
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
