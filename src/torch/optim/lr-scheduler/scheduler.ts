import { z } from "zod";
import { parseWith, show } from "../../../utils/config.ts";
import { ConfigError } from "../../../utils/exceptions.ts";
import { givenOptions } from "../../arguments.ts";
import { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";

/** What every scheduler saves, under PyTorch's names. */
const baseState = z.object({
  base_lrs: z.array(z.number()),
  last_epoch: z.number(),
  _step_count: z.number().default(1),
  _last_lr: z.array(z.number()),
});

/** Whether `lastEpoch` continues a run: -1 begins one. */
export interface SchedulerOptions {
  /** Default -1. Above, the groups must carry `initialLr` (a loaded optimizer's do). */
  readonly lastEpoch?: number | undefined;
}

/**
 * The base of the schedulers that change the learning rate by the number of `step()` calls. Each is PyTorch's chainable
 * form: the next rate comes from the present one, so several can act on one optimizer, and so can the user.
 *
 * Making a scheduler sets the rates of epoch 0 at once. Call `step()` after the optimizer's.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using sgd = new torch.optim.SGD(layer.parameters(), { lr: 0.5 });
 * const scheduler: torch.optim.lrScheduler.LRScheduler = new torch.optim.lrScheduler.ExponentialLR(sgd, { gamma: 0.5 });
 * sgd.step();
 * scheduler.step();
 * const state = scheduler.stateDict(); // with the optimizer's, all that goes on from here
 * console.log(scheduler.lastEpoch, state.last_epoch); // → 1 1
 * ```
 */
export abstract class LRScheduler {
  readonly optimizer: Optimizer;
  baseLrs: number[];
  lastEpoch: number;
  protected stepCount = 0;
  protected lastLr: number[] = [];

  constructor(optimizer: Optimizer, options: SchedulerOptions) {
    this.optimizer = optimizer;
    this.lastEpoch = options.lastEpoch ?? -1;
    for (const [i, group] of optimizer.paramGroups.entries()) {
      if (this.lastEpoch === -1) group.initialLr ??= group.lr;
      else if (group.initialLr === undefined) {
        throw new ConfigError(
          `${new.target.name}: lastEpoch is ${this.lastEpoch}, but group ${i} has no initialLr; load the optimizer's state first.`,
        );
      }
    }
    this.baseLrs = optimizer.paramGroups.map((group) => group.initialLr ?? group.lr);
  }

  /** The learning rate of each group for `lastEpoch`. */
  protected abstract nextLrs(groups: readonly ParamGroup[]): number[];
  /** The options and other state of the subclass, under PyTorch's names and in its order. */
  protected abstract ownState(): Record<string, unknown>;
  protected abstract loadOwnState(state: Readonly<Record<string, unknown>>): void;

  /** Sets the rates of the first epoch; subclasses call it when their options are set. */
  begin(): void {
    this.stepCount = 0;
    this.step();
  }
  /** Takes back that the first epoch has begun. For `SequentialLR`, whose schedulers begin one after the other. */
  undoBegin(): void {
    this.lastEpoch--;
  }
  /** Begins at epoch 0, from the rates that the optimizer began with. For `SequentialLR`. */
  restart(): void {
    for (const [i, group] of this.optimizer.paramGroups.entries()) group.lr = this.baseLrs[i] ?? group.lr;
    this.lastEpoch = -1;
    this.step();
  }

  /** Moves on by one epoch (or batch, as the scheduler is used) and sets the rates of the groups. */
  step(): void {
    this.stepCount++;
    this.lastEpoch++;
    const groups = this.optimizer.paramGroups;
    for (const [i, lr] of this.nextLrs(groups).entries()) {
      const group = groups[i];
      if (group !== undefined) group.lr = lr;
    }
    this.lastLr = groups.map((group) => group.lr);
  }

  /** The rates that the last step set, one for each group. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** PyTorch 2.6's form. */
  stateDict(): Record<string, unknown> {
    return {
      ...this.ownState(),
      base_lrs: [...this.baseLrs],
      last_epoch: this.lastEpoch,
      verbose: false,
      _step_count: this.stepCount,
      _get_lr_called_within_step: false,
      _last_lr: [...this.lastLr],
    };
  }

  /** Continues from a state of {@link stateDict}, or of PyTorch. The optimizer's rates come from its own state. */
  loadStateDict(state: Readonly<Record<string, unknown>>): void {
    const parsed = parseWith(baseState, state, `${this.constructor.name}.loadStateDict`);
    this.loadOwnState(state);
    this.baseLrs = parsed.base_lrs;
    this.lastEpoch = parsed.last_epoch;
    this.stepCount = parsed._step_count;
    this.lastLr = parsed._last_lr;
  }
}

/** The options among a scheduler's arguments. @throws TypeError when they, or the optimizer, are given in another way */
export function schedulerOptions(
  name: string,
  optimizer: unknown,
  given: readonly [options?: object | undefined],
  schema: { readonly shape: object },
): object {
  if (!(optimizer instanceof Optimizer)) {
    throw new TypeError(`${name}: its first argument is the optimizer, got ${show(optimizer)}.`);
  }
  return givenOptions(name, given, Object.keys(schema.shape));
}

/** The rates as they are. */
export function unchanged(groups: readonly ParamGroup[]): number[] {
  return groups.map((group) => group.lr);
}

export function times(groups: readonly ParamGroup[], factor: number): number[] {
  return groups.map((group) => group.lr * factor);
}

/** The shared zod types of the options. */
export const lastEpoch = z.number().int().min(-1).default(-1);
export const totalIters = z.number().int().min(1).default(5);
