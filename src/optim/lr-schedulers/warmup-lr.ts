import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { configClass, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import type { Named } from "../../utils/registry.ts";
import type { LRSchedulerConfig } from "./config.ts";
import { positive } from "./fields.ts";
import type { TrainingLength } from "./length.ts";
import { lrSchedulerRegistry } from "./registry.ts";

const WHAT = "WarmupLR: 'scheduler'";

const schema = z.strictObject({
  /** How long the learning rate rises: epochs, or optimization steps where `scheduler` moves at each step. Default 5. */
  warmup: z.int().positive().default(5),

  /** What the learning rate is multiplied by in the beginning, > 0 and at most 1; default 0.01. */
  startFactor: positive().max(1).default(0.01),

  /** The scheduler of all that follows, which begins after the warm-up: a config, or a plain object with its `name_`. Required. */
  scheduler: z.custom<LRSchedulerConfig | Named>((value) => typeof value === "object" && value !== null, {
    error: ({ input }) => `Expected the config of a learning-rate scheduler, got ${show(input)}`,
  }),
});

/**
 * A linear rise of the learning rate, then any other schedule of epochs or steps, which is shorter by the warm-up where its length is left to the
 * training. The rates are those of PyTorch's `SequentialLR` of `LinearLR` and the other. Not in ClinicaDL 2.0.0, which cannot read it.
 *
 * @throws ConfigError where `scheduler` follows a metric, or has a warm-up itself; and at the start, where the warm-up is as long as the training.
 * @example
 * ```ts
 * const callback = new LRSchedulerCallback({ scheduler: new WarmupLRConfig({ warmup: 10, scheduler: new CosineAnnealingLRConfig() }) });
 * const trainer = new Trainer({ maps: "maps_scheduled", model, callbacks: [callback] });
 * ```
 */
export class WarmupLRConfig
  extends configClass("WarmupLR", schema, {
    readers: { scheduler: (json) => lrSchedulerRegistry.read("WarmupLR", "scheduler", json) },
    finish({ scheduler: given, ...fields }, what) {
      const scheduler = lrSchedulerRegistry.from(WHAT, given);
      if (scheduler === null)
        throw new ConfigError(`${what}: 'scheduler' got ${show(given)}. Expected the config of a scheduler.`);
      if (
        scheduler.schedulerType() !== "metric-based" &&
        scheduler.name_ !== "OneCycleLR" &&
        scheduler.name_ !== "WarmupLR"
      ) {
        return { ...fields, scheduler };
      }
      throw new ConfigError(
        `${what}: 'scheduler' is ${scheduler.name_}, which ${scheduler.schedulerType() === "metric-based" ? "follows a metric" : "has a warm-up itself"}. Choose a scheduler of epochs or steps, or use ${scheduler.name_} alone.`,
        { fieldNames: ["scheduler"] },
      );
    },
  })
  implements LRSchedulerConfig
{
  schedulerType(): ReturnType<LRSchedulerConfig["schedulerType"]> {
    return this.scheduler.schedulerType();
  }
  getObject(optimizer: optim.Optimizer, length: TrainingLength | null = null): optim.lrScheduler.SequentialLR {
    const { warmup, startFactor } = this;
    const unit = this.schedulerType() === "step-based" ? "steps" : "epochs";
    if (length !== null && length[unit] <= warmup) {
      throw new ConfigError(
        `WarmupLR: 'warmup' is ${warmup} ${unit}, and the training has ${length[unit]}. Shorten it.`,
        {
          fieldNames: ["warmup"],
        },
      );
    }
    const rise = new optim.lrScheduler.LinearLR(optimizer, { startFactor, totalIters: warmup });
    const rest = length === null ? null : { ...length, [unit]: length[unit] - warmup };
    const then = this.scheduler.getObject(optimizer, rest);
    if (!(then instanceof optim.lrScheduler.LRScheduler)) {
      throw new ConfigError(`${WHAT} built a ${then.constructor.name}, which does not move by epochs or steps.`);
    }
    return new optim.lrScheduler.SequentialLR(optimizer, { schedulers: [rise, then], milestones: [warmup] });
  }
}
