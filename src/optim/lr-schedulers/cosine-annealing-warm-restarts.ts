import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { lastEpoch } from "./fields.ts";

/**
 * Half a cosine from the learning rate down to `etaMin` (0) in `t0` epochs, then from the top again, each time in `tMult` (1) times as many (Loshchilov & Hutter, 2017). Not in ClinicaDL 2.0.0.
 *
 * @example
 * ```ts
 * const weights = new torch.nn.Linear(1, 1);
 * const optimizer = new SGDConfig({ lr: 1 }).getObject(weights);
 * const scheduler = new CosineAnnealingWarmRestartsConfig({ t0: 2 }).getObject(optimizer);
 * const rates = Array.from({ length: 4 }, () => {
 *   optimizer.step();
 *   scheduler.step();
 *   return scheduler.getLastLr()[0]?.toFixed(3);
 * });
 * console.log(rates.join(" ")); // → 0.500 1.000 0.500 1.000
 * ```
 */
export class CosineAnnealingWarmRestartsConfig
  extends configClass(
    "CosineAnnealingWarmRestarts",
    z.strictObject({
      /** The epoch to go on from; -1, the default: none was made. */
      lastEpoch,

      /** After how many epochs it begins anew for the first time. */
      t0: z.int().positive(),

      /** How many times longer each period is than the one before; default 1. */
      tMult: z.int().positive().default(1),

      /** The lowest learning rate, ≥ 0; default 0. */
      etaMin: z.number().nonnegative().default(0),
    }),
  )
  implements LRSchedulerConfig
{
  schedulerType(): "epoch-based" {
    return "epoch-based";
  }
  getObject(optimizer: optim.Optimizer): optim.lrScheduler.CosineAnnealingWarmRestarts {
    return new optim.lrScheduler.CosineAnnealingWarmRestarts(optimizer, this.fields());
  }
}
