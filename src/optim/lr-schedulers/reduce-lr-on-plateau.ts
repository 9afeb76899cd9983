import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { checkSameGroups, forGroups, positive, values } from "./fields.ts";

/**
 * The learning rate times `factor` when a metric has not improved for more than `patience` validations.
 *
 * @example
 * ```ts
 * const scheduler = new ReduceLROnPlateauConfig({ patience: 5, factor: 0.5 });
 * const callback = new LRSchedulerCallback({ scheduler, metricName: "loss" });
 * const trainer = new Trainer({ maps: "maps_scheduled", model, callbacks: [callback] });
 * ```
 */
export class ReduceLROnPlateauConfig
  extends configClass(
    "ReduceLROnPlateau",
    z.strictObject({
      /** Whether low ("min", default) or high ("max") values of the metric are good. */
      mode: z.enum(["min", "max"]).default("min"),

      /** What the learning rate is multiplied by, > 0; default 0.1. */
      factor: positive().default(0.1),

      /** How many validations without an improvement are waited for; default 10. */
      patience: z.int().nonnegative().default(10),

      /** By how much a value must be better to count as an improvement, ≥ 0; default 1e-4. */
      threshold: z.number().nonnegative().default(1e-4),

      /** Whether `threshold` is a part of the best value ("rel", default) or a difference ("abs"). */
      thresholdMode: z.enum(["rel", "abs"]).default("rel"),

      /** How many validations after a reduction do not count; default 0. */
      cooldown: z.int().nonnegative().default(0),

      /** The lowest learning rate, ≥ 0: one, or one per parameter group; default 0. */
      minLr: values(z.number().nonnegative()).default(0),

      /** Reductions that are smaller are not made, ≥ 0; default 1e-8. */
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
