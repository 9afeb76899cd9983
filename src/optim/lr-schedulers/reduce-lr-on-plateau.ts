import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { checkSameGroups, forGroups, positive, values } from "./fields.ts";

/** The learning rate times `factor` when a metric has not improved for more than `patience` validations. */
export class ReduceLROnPlateauConfig
  extends configClass(
    "ReduceLROnPlateau",
    z.strictObject({
      mode: z.enum(["min", "max"]).default("min"),
      factor: positive().default(0.1),
      patience: z.int().nonnegative().default(10),
      threshold: z.number().nonnegative().default(1e-4),
      thresholdMode: z.enum(["rel", "abs"]).default("rel"),
      cooldown: z.int().nonnegative().default(0),
      minLr: values(z.number().nonnegative()).default(0),
      eps: z.number().nonnegative().default(1e-8),
    }),
    {
      verbatim: ["minLr"],
      finish: checkSameGroups,
    },
  )
  implements LRSchedulerConfig
{
  schedulerType(): "metric-based" {
    return "metric-based";
  }
  getObject(optimizer: optim.Optimizer): optim.lrScheduler.ReduceLROnPlateau {
    const perGroup = { minLr: forGroups("ReduceLROnPlateauConfig: 'minLr'", this.minLr, optimizer) };
    return new optim.lrScheduler.ReduceLROnPlateau(optimizer, { ...this.fields(), ...perGroup });
  }
}
