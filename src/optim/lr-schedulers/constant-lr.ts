import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { lastEpoch, positive, totalIters } from "./fields.ts";

/**
 * The learning rate times `factor` until epoch `totalIters`.
 *
 * @example
 * ```ts
 * const weights = new torch.nn.Linear(1, 1);
 * const optimizer = new SGDConfig({ lr: 1 }).getObject(weights);
 * const scheduler = new ConstantLRConfig({ factor: 0.5, totalIters: 2 }).getObject(optimizer);
 * const rates = Array.from({ length: 3 }, () => {
 *   optimizer.step();
 *   scheduler.step();
 *   return scheduler.getLastLr()[0]?.toFixed(3);
 * });
 * console.log(rates.join(" ")); // → 0.500 1.000 1.000
 * ```
 */
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
