import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { lastEpoch, positive } from "./fields.ts";

/**
 * The learning rate times `gamma` at every epoch.
 *
 * @example
 * ```ts
 * const weights = new torch.nn.Linear(1, 1);
 * const optimizer = new SGDConfig({ lr: 1 }).getObject(weights);
 * const scheduler = new ExponentialLRConfig({ gamma: 0.5 }).getObject(optimizer);
 * const rates = Array.from({ length: 3 }, () => {
 *   optimizer.step();
 *   scheduler.step();
 *   return scheduler.getLastLr()[0]?.toFixed(3);
 * });
 * console.log(rates.join(" ")); // → 0.500 0.250 0.125
 * ```
 */
export class ExponentialLRConfig
  extends configClass(
    "ExponentialLR",
    z.strictObject({
      /** The epoch to go on from; -1, the default: none was made. */
      lastEpoch,
      /** What the learning rate is multiplied by after each epoch, > 0. */
      gamma: positive(),
    }),
  )
  implements LRSchedulerConfig
{
  schedulerType(): "epoch-based" {
    return "epoch-based";
  }
  getObject(optimizer: optim.Optimizer): optim.lrScheduler.ExponentialLR {
    return new optim.lrScheduler.ExponentialLR(optimizer, this.fields());
  }
}
