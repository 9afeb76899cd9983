import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { lastEpoch, positive } from "./fields.ts";

/**
 * The learning rate times `gamma` at each of the epochs `milestones`.
 *
 * @example
 * ```ts
 * const weights = new torch.nn.Linear(1, 1);
 * const optimizer = new SGDConfig({ lr: 1 }).getObject(weights);
 * const scheduler = new MultiStepLRConfig({ milestones: [1, 3], gamma: 0.5 }).getObject(optimizer);
 * const rates = Array.from({ length: 4 }, () => {
 *   optimizer.step();
 *   scheduler.step();
 *   return scheduler.getLastLr()[0]?.toFixed(3);
 * });
 * console.log(rates.join(" ")); // → 0.500 0.500 0.250 0.250
 * ```
 */
export class MultiStepLRConfig
  extends configClass(
    "MultiStepLR",
    z.strictObject({
      /** The epoch to go on from; -1, the default: none was made. */
      lastEpoch,

      /** After which epochs the learning rate changes, from 1; each once, in any order. */
      milestones: z
        .array(z.int().positive())
        .refine((epochs) => new Set(epochs).size === epochs.length, "An epoch is there twice")
        .transform((epochs) => [...epochs].sort((a, b) => a - b)),

      /** What the learning rate is multiplied by then, > 0; default 0.1. */
      gamma: positive().default(0.1),
    }),
  )
  implements LRSchedulerConfig
{
  schedulerType(): "epoch-based" {
    return "epoch-based";
  }
  getObject(optimizer: optim.Optimizer): optim.lrScheduler.MultiStepLR {
    return new optim.lrScheduler.MultiStepLR(optimizer, this.fields());
  }
}
