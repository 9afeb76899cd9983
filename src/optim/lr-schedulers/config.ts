import type { optim } from "../../torch/index.ts";
import type { ToDict } from "../../utils/config.ts";
import type { TrainingLength } from "./length.ts";

/** When a scheduler moves: after each optimizer step, after each epoch, or after each validation with a metric's value. */
export type LRSchedulerType = "step-based" | "epoch-based" | "metric-based";

/** A scheduler of `torch.optim.lrScheduler`. */
export type LRScheduler =
  | InstanceType<typeof optim.lrScheduler.LRScheduler>
  | InstanceType<typeof optim.lrScheduler.ReduceLROnPlateau>;

/** A config that builds a learning-rate scheduler. */
export interface LRSchedulerConfig extends ToDict {
  readonly name_: string;
  schedulerType(): LRSchedulerType;
  /**
   * Builds the scheduler of `optimizer`.
   * @param length of the training, for options that are left to it; default null: not known.
   * @throws ConfigError when options per group do not match the optimizer's groups, or the length is needed and not known.
   */
  getObject(optimizer: optim.Optimizer, length?: TrainingLength | null): LRScheduler;
}
