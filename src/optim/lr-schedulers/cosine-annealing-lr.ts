import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { lastEpoch } from "./fields.ts";

/** Half a cosine from the learning rate down to `etaMin` (0) in `tMax` epochs, and up again (Loshchilov & Hutter, 2017). Not in ClinicaDL 2.0.0. */
export class CosineAnnealingLRConfig
  extends configClass(
    "CosineAnnealingLR",
    z.strictObject({
      /** The epoch to go on from; -1, the default: none was made. */
      lastEpoch,
      /** After how many epochs the lowest learning rate is reached. */
      tMax: z.int().positive(),
      /** The lowest learning rate, ≥ 0; default 0. */
      etaMin: z.number().nonnegative().default(0),
    }),
  )
  implements LRSchedulerConfig
{
  schedulerType(): "epoch-based" {
    return "epoch-based";
  }
  getObject(optimizer: optim.Optimizer): optim.lrScheduler.CosineAnnealingLR {
    return new optim.lrScheduler.CosineAnnealingLR(optimizer, this.fields());
  }
}
