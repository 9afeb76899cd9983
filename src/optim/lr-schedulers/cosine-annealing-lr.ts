import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { lastEpoch } from "./fields.ts";
import { counted, interval, type TrainingLength, wholeTraining } from "./length.ts";

/**
 * Half a cosine from the learning rate down to `etaMin` (0) in `tMax` epochs, by default all of the training, and up again (Loshchilov & Hutter,
 * 2017). Not in ClinicaDL 2.0.0.
 *
 * @example
 * ```ts
 * const callback = new LRSchedulerCallback({ scheduler: new CosineAnnealingLRConfig({ etaMin: 1e-6 }) });
 * const trainer = new Trainer({ maps: "maps_scheduled", model, callbacks: [callback] });
 * ```
 */
export class CosineAnnealingLRConfig
  extends configClass(
    "CosineAnnealingLR",
    z.strictObject({
      /** The epoch to go on from; -1, the default: none was made. */
      lastEpoch,
      /** After how many epochs, or steps, the lowest learning rate is reached; default "training": at its end, whatever the split. */
      tMax: wholeTraining.default("training"),
      /** The lowest learning rate, ≥ 0; default 0. */
      etaMin: z.number().nonnegative().default(0),
      /** Whether it moves after each epoch ("epoch", default) or each optimization step ("step"). */
      interval,
    }),
    { ours: { interval: "epoch" } },
  )
  implements LRSchedulerConfig
{
  schedulerType(): "epoch-based" | "step-based" {
    return `${this.interval}-based`;
  }
  getObject(optimizer: optim.Optimizer, length: TrainingLength | null = null): optim.lrScheduler.CosineAnnealingLR {
    const { interval, tMax, ...fields } = this.fields();
    const all = counted("CosineAnnealingLRConfig: 'tMax'", tMax, { interval, length });
    return new optim.lrScheduler.CosineAnnealingLR(optimizer, { ...fields, tMax: all });
  }
}
