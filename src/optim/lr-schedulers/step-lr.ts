import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { lastEpoch, positive } from "./fields.ts";

/**
 * The learning rate times `gamma` every `stepSize` epochs.
 *
 * @example
 * ```ts
 * const weights = new torch.nn.Linear(1, 1);
 * const optimizer = new SGDConfig({ lr: 1 }).getObject(weights);
 * const scheduler = new StepLRConfig({ stepSize: 2, gamma: 0.1 }).getObject(optimizer);
 * const rates = Array.from({ length: 4 }, () => {
 *   optimizer.step();
 *   scheduler.step();
 *   return scheduler.getLastLr()[0]?.toFixed(3);
 * });
 * console.log(rates.join(" ")); // → 1.000 0.100 0.100 0.010
 * ```
 */
export class StepLRConfig
  extends configClass(
    "StepLR",
    z.strictObject({
      /** The epoch to go on from; -1, the default: none was made. */
      lastEpoch,
      /** After how many epochs the learning rate changes, each time. */
      stepSize: z.int().positive(),
      /** What the learning rate is multiplied by then, > 0; default 0.1. */
      gamma: positive().default(0.1),
    }),
  )
  implements LRSchedulerConfig
{
  schedulerType(): "epoch-based" {
    return "epoch-based";
  }
  getObject(optimizer: optim.Optimizer): optim.lrScheduler.StepLR {
    return new optim.lrScheduler.StepLR(optimizer, this.fields());
  }
}
