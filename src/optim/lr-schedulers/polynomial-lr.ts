import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { lastEpoch } from "./fields.ts";
import { counted, interval, type TrainingLength, wholeTraining } from "./length.ts";

/**
 * The learning rate times (1 − epoch / `totalIters`) to the `power`. That of nnU-Net (Isensee et al., 2021) goes over the whole training:
 *
 * @example
 * ```ts
 * const callback = new LRSchedulerCallback({ scheduler: new PolynomialLRConfig({ totalIters: "training", power: 0.9 }) });
 * const trainer = new Trainer({ maps: "maps_scheduled", model, callbacks: [callback] });
 * ```
 */
export class PolynomialLRConfig
  extends configClass(
    "PolynomialLR",
    z.strictObject({
      /** The epoch to go on from; -1, the default: none was made. */
      lastEpoch,
      /**
       * After how many epochs, or steps, the learning rate is 0; default 5. "training": at its end, whatever the split, which ClinicaDL 2.0.0
       * cannot read.
       */
      totalIters: wholeTraining.default(5),
      /** Of the polynomial; default 1, a line. */
      power: z.number().default(1),
      /** Whether it moves after each epoch ("epoch", default) or each optimization step ("step"), which ClinicaDL 2.0.0 does not have. */
      interval,
    }),
    { ours: { interval: "epoch" } },
  )
  implements LRSchedulerConfig
{
  schedulerType(): "epoch-based" | "step-based" {
    return `${this.interval}-based`;
  }
  getObject(optimizer: optim.Optimizer, length: TrainingLength | null = null): optim.lrScheduler.PolynomialLR {
    const { interval, totalIters, ...fields } = this.fields();
    const all = counted("PolynomialLRConfig: 'totalIters'", totalIters, { interval, length });
    return new optim.lrScheduler.PolynomialLR(optimizer, { ...fields, totalIters: all });
  }
}
