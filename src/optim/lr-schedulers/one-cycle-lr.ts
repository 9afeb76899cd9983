import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { checkSameGroups, forGroups, lastEpoch, positive, values } from "./fields.ts";
import { counted, type TrainingLength, wholeTraining } from "./length.ts";

/**
 * One cycle of the learning rate up to `maxLr` and down again, moved at every optimizer step (Smith & Topin, 2019).
 *
 * @example
 * ```ts
 * const weights = new torch.nn.Linear(1, 1);
 * const optimizer = new SGDConfig({ lr: 1 }).getObject(weights);
 * const scheduler = new OneCycleLRConfig({ maxLr: 1, totalSteps: 10 }).getObject(optimizer);
 * const rates = Array.from({ length: 4 }, () => {
 *   optimizer.step();
 *   scheduler.step();
 *   return scheduler.getLastLr()[0]?.toFixed(3);
 * });
 * console.log(rates.join(" ")); // → 0.520 1.000 0.950 0.812
 * ```
 */
export class OneCycleLRConfig
  extends configClass(
    "OneCycleLR",
    z.strictObject({
      /** The epoch to go on from; -1, the default: none was made. */
      lastEpoch,

      /** The highest learning rate, > 0: one, or one per parameter group. */
      maxLr: values(positive()),

      /** How many optimization steps there are; default null: `epochs` times `stepsPerEpoch`. "training": all of it, whatever the split, which ClinicaDL 2.0.0 cannot read. */
      totalSteps: wholeTraining.nullable().default(null),

      /** How many epochs there are; default null: `totalSteps` says how long it is. */
      epochs: z.int().positive().nullable().default(null),

      /** How many optimization steps an epoch has; default null. */
      stepsPerEpoch: z.int().positive().nullable().default(null),

      /** In which part of the steps the learning rate rises, between 0 and 1; default 0.3. */
      pctStart: z.number().gt(0).lt(1).default(0.3),

      /** The shape of the way down: "cos" (default) or "linear". */
      annealStrategy: z.enum(["cos", "linear"]).default("cos"),

      /** Whether the momentum falls while the learning rate rises, and the reverse; default true. */
      cycleMomentum: z.boolean().default(true),

      /** The lowest momentum, ≥ 0: one, or one per parameter group; default 0.85. */
      baseMomentum: values(z.number().nonnegative()).default(0.85),

      /** The highest momentum, ≥ 0: one, or one per parameter group; default 0.95. */
      maxMomentum: values(z.number().nonnegative()).default(0.95),

      /** How many times lower than `maxLr` it begins, > 0; default 25. */
      divFactor: positive().default(25),

      /** How many times lower than its beginning it ends, > 0; default 1e4. */
      finalDivFactor: positive().default(1e4),

      /** Whether it falls to its beginning, as long as it rose, and then further; default false. */
      threePhase: z.boolean().default(false),
    }),
    {
      verbatim: ["maxLr", "baseMomentum", "maxMomentum"],
      finish: (fields, what) => {
        const { totalSteps, epochs, stepsPerEpoch } = checkSameGroups(fields, what);
        const parts = [epochs, stepsPerEpoch].filter((part) => part !== null).length;
        if (totalSteps === null ? parts !== 2 : parts !== 0) {
          throw new ConfigError(
            `${what}: the length is 'totalSteps', or 'epochs' and 'stepsPerEpoch'; totalSteps: "training" is all of the training. Got totalSteps=${show(totalSteps)}, epochs=${show(epochs)}, stepsPerEpoch=${show(stepsPerEpoch)}.`,
            { fieldNames: ["totalSteps", "epochs", "stepsPerEpoch"] },
          );
        }
        return fields;
      },
    },
  )
  implements LRSchedulerConfig
{
  schedulerType(): "step-based" {
    return "step-based";
  }
  getObject(optimizer: optim.Optimizer, length: TrainingLength | null = null): optim.lrScheduler.OneCycleLR {
    const hasMomentum = optimizer.paramGroups.every((group) => "momentum" in group || "betas" in group);
    if (this.cycleMomentum && !hasMomentum) {
      throw new ConfigError(
        "OneCycleLRConfig: 'cycleMomentum' is true, but the optimizer has neither momentum nor betas. Set it to false, or use SGD, RMSprop or Adam.",
      );
    }
    const perGroup = {
      maxLr: forGroups("OneCycleLRConfig: 'maxLr'", this.maxLr, optimizer),
      baseMomentum: forGroups("OneCycleLRConfig: 'baseMomentum'", this.baseMomentum, optimizer),
      maxMomentum: forGroups("OneCycleLRConfig: 'maxMomentum'", this.maxMomentum, optimizer),
    };
    const { totalSteps: given, ...fields } = this.fields();
    const totalSteps =
      given === null ? null : counted("OneCycleLRConfig: 'totalSteps'", given, { interval: "step", length });
    return new optim.lrScheduler.OneCycleLR(optimizer, { ...fields, ...perGroup, totalSteps });
  }
}
