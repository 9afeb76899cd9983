import { z } from "zod";
import { type Input, parseWith } from "../../../utils/config.ts";
import { ConfigError } from "../../../utils/exceptions.ts";
import type { Given } from "../../arguments.ts";
import type { Optimizer } from "../optimizer.ts";
import { schedulerOptions } from "./scheduler.ts";

const mode = z.enum(["min", "max"]);
const thresholdMode = z.enum(["rel", "abs"]);
const schema = z.strictObject({
  /** Whether the metric should fall ("min", the default) or rise ("max"). */
  mode: mode.default("min"),
  /** What the learning rate is multiplied by; default 0.1. */
  factor: z.number().positive().lt(1).default(0.1),
  /** Epochs without improvement that are waited for; default 10. */
  patience: z.number().int().min(0).default(10),
  /** By how much a metric must be better to count; default 1e-4. */
  threshold: z.number().min(0).default(1e-4),
  /** Whether `threshold` is relative ("rel", the default) or absolute ("abs"). */
  thresholdMode: thresholdMode.default("rel"),
  /** Epochs after a reduction in which none follows; default 0. */
  cooldown: z.number().int().min(0).default(0),
  /** The lowest learning rate; or a list, one for each group. Default 0. */
  minLr: z.union([z.number().min(0), z.array(z.number().min(0))]).default(0),
  /** Added where it is divided by a root, against division by 0; default 1e-8. */
  eps: z.number().min(0).default(1e-8),
});

// zod's numbers are finite, and the best value so far begins at infinity
const anyNumber = z.custom<number>((value) => typeof value === "number", "Expected a number");
const stateSchema = z.object({
  factor: z.number(),
  default_min_lr: z.number().nullable(),
  min_lrs: z.array(z.number()),
  patience: z.number(),
  cooldown: z.number(),
  cooldown_counter: z.number(),
  mode,
  threshold: z.number(),
  threshold_mode: thresholdMode,
  eps: z.number(),
  last_epoch: z.number(),
  _last_lr: z.array(z.number()),
  best: anyNumber,
  num_bad_epochs: z.number(),
});
type State = z.output<typeof stateSchema>;

/**
 * The rate times `factor` when a metric has not improved by more than `threshold` for more than `patience` epochs.
 * After a reduction, `cooldown` epochs pass before bad ones count again.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using sgd = new torch.optim.SGD(layer.parameters(), { lr: 1 });
 * const scheduler = new torch.optim.lrScheduler.ReduceLROnPlateau(sgd, { factor: 0.5, patience: 1 });
 * const rates = [3, 2, 2, 2, 1].map((loss) => {
 *   scheduler.step(loss);
 *   return sgd.paramGroups[0]?.lr;
 * });
 * console.log(rates); // → [ 1, 1, 1, 0.5, 0.5 ]
 * ```
 */
export class ReduceLROnPlateau {
  readonly optimizer: Optimizer;
  #state: State;

  constructor(optimizer: Optimizer, ...options: Given<Input<typeof schema>>) {
    const given = schedulerOptions("ReduceLROnPlateau", optimizer, options, schema);
    const { minLr, thresholdMode: how, ...rest } = parseWith(schema, given, "ReduceLROnPlateau");
    const groups = optimizer.paramGroups;
    if (typeof minLr !== "number" && minLr.length !== groups.length) {
      throw new ConfigError(`ReduceLROnPlateau: 'minLr' has ${minLr.length} values for ${groups.length} groups.`);
    }
    this.optimizer = optimizer;
    this.#state = {
      ...rest,
      threshold_mode: how,
      default_min_lr: typeof minLr === "number" ? minLr : null,
      min_lrs: typeof minLr === "number" ? groups.map(() => minLr) : [...minLr],
      cooldown_counter: 0,
      last_epoch: 0,
      _last_lr: groups.map((group) => group.lr),
      best: worst(rest.mode),
      num_bad_epochs: 0,
    };
  }

  /** Takes the metric of the epoch that has ended. NaN counts as no improvement. */
  step(metric: number): void {
    const state = this.#state;
    state.last_epoch++;
    if (this.#isBetter(metric)) {
      state.best = metric;
      state.num_bad_epochs = 0;
    } else state.num_bad_epochs++;
    if (state.cooldown_counter > 0) {
      state.cooldown_counter--;
      state.num_bad_epochs = 0;
    }
    if (state.num_bad_epochs > state.patience) {
      this.#reduce();
      state.cooldown_counter = state.cooldown;
      state.num_bad_epochs = 0;
    }
    state._last_lr = this.optimizer.paramGroups.map((group) => group.lr);
  }

  #isBetter(metric: number): boolean {
    const { mode: sense, threshold, threshold_mode: how, best } = this.#state;
    if (sense === "min") return metric < (how === "rel" ? best * (1 - threshold) : best - threshold);
    return metric > (how === "rel" ? best * (1 + threshold) : best + threshold);
  }

  #reduce(): void {
    for (const [i, group] of this.optimizer.paramGroups.entries()) {
      const lr = Math.max(group.lr * this.#state.factor, this.#state.min_lrs[i] ?? 0);
      if (group.lr - lr > this.#state.eps) group.lr = lr;
    }
  }

  get lastEpoch(): number {
    return this.#state.last_epoch;
  }
  /** Whether the metric is to get smaller or greater. */
  get mode(): "min" | "max" {
    return this.#state.mode;
  }
  /** The best metric so far. */
  get best(): number {
    return this.#state.best;
  }

  /** The rates after the last step, one for each group. */
  getLastLr(): number[] {
    return [...this.#state._last_lr];
  }

  /** PyTorch 2.6's form. */
  stateDict(): Record<string, unknown> {
    const state = this.#state;
    return {
      factor: state.factor,
      default_min_lr: state.default_min_lr,
      min_lrs: [...state.min_lrs],
      patience: state.patience,
      verbose: false,
      cooldown: state.cooldown,
      cooldown_counter: state.cooldown_counter,
      mode: state.mode,
      threshold: state.threshold,
      threshold_mode: state.threshold_mode,
      eps: state.eps,
      last_epoch: state.last_epoch,
      _last_lr: [...state._last_lr],
      mode_worse: worst(state.mode),
      best: state.best,
      num_bad_epochs: state.num_bad_epochs,
    };
  }

  /** Continues from a state of {@link stateDict}, or of PyTorch. */
  loadStateDict(state: Readonly<Record<string, unknown>>): void {
    this.#state = parseWith(stateSchema, state, "ReduceLROnPlateau.loadStateDict");
  }
}

function worst(sense: "min" | "max"): number {
  return sense === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}
