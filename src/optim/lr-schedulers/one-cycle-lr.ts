import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { checkSameGroups, forGroups, lastEpoch, positive, values } from "./fields.ts";

/** One cycle of the learning rate up to `maxLr` and down again, moved at every optimizer step (Smith & Topin, 2019). */
export class OneCycleLRConfig
  extends configClass(
    "OneCycleLR",
    z.strictObject({
      lastEpoch,
      maxLr: values(positive()),
      totalSteps: z.int().positive().nullable().default(null),
      epochs: z.int().positive().nullable().default(null),
      stepsPerEpoch: z.int().positive().nullable().default(null),
      pctStart: z.number().gt(0).lt(1).default(0.3),
      annealStrategy: z.enum(["cos", "linear"]).default("cos"),
      cycleMomentum: z.boolean().default(true),
      baseMomentum: values(z.number().nonnegative()).default(0.85),
      maxMomentum: values(z.number().nonnegative()).default(0.95),
      divFactor: positive().default(25),
      finalDivFactor: positive().default(1e4),
      threePhase: z.boolean().default(false),
    }),
    {
      verbatim: ["maxLr", "baseMomentum", "maxMomentum"],
      finish: (fields, what) => {
        const { totalSteps, epochs, stepsPerEpoch } = checkSameGroups(fields, what);
        const parts = [epochs, stepsPerEpoch].filter((part) => part !== null).length;
        if (totalSteps === null ? parts !== 2 : parts !== 0) {
          throw new ConfigError(
            `${what}: the length is 'totalSteps', or 'epochs' and 'stepsPerEpoch'. Got totalSteps=${show(totalSteps)}, epochs=${show(epochs)}, stepsPerEpoch=${show(stepsPerEpoch)}.`,
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
  getObject(optimizer: optim.Optimizer): optim.lrScheduler.OneCycleLR {
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
    return new optim.lrScheduler.OneCycleLR(optimizer, { ...this.fields(), ...perGroup });
  }
}
