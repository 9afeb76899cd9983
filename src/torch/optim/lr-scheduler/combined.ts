/** Schedulers of several others. */
import { z } from "zod";
import { parseWith, show } from "../../../utils/config.ts";
import { ConfigError } from "../../../utils/exceptions.ts";
import { knownOptions } from "../../arguments.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { LRScheduler, lastEpoch, schedulerOptions, unchanged } from "./scheduler.ts";

const one = z.custom<LRScheduler>((value) => value instanceof LRScheduler, "Expected a scheduler that acts by epochs");
const schema = z.strictObject({
  /** One after the other. */
  schedulers: z.array(one).min(1, "Expected at least one scheduler"),
  /** The epochs at which something changes, in order. */
  milestones: z.array(z.number().int()),
  /** The epoch that a run goes on from; -1, the default, begins one. */
  lastEpoch,
});

const states = z.array(z.record(z.string(), z.unknown()));
const lastLrs = z.array(z.number());
const chainedState = z.object({ _last_lr: lastLrs, _schedulers: states });
const sequentialState = z.object({
  _milestones: z.array(z.number()),
  last_epoch: z.number(),
  _last_lr: lastLrs,
  _schedulers: states,
});

abstract class CombinedScheduler extends LRScheduler {
  protected readonly schedulers: readonly LRScheduler[];

  constructor(optimizer: Optimizer, schedulers: readonly LRScheduler[]) {
    const { name } = new.target;
    for (const [i, scheduler] of schedulers.entries()) {
      if (scheduler.optimizer === optimizer) continue;
      throw new ConfigError(`${name}: scheduler ${i} (${scheduler.constructor.name}) is of another optimizer.`);
    }
    super(optimizer, {});
    this.schedulers = [...schedulers];
  }

  override undoBegin(): void {
    for (const scheduler of this.schedulers) scheduler.undoBegin();
  }
  // each of them sets the rates itself
  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    return unchanged(groups);
  }
  protected override ownState(): Record<string, unknown> {
    return {};
  }
  protected override loadOwnState(): void {}
  protected states(): Record<string, unknown>[] {
    return this.schedulers.map((scheduler) => scheduler.stateDict());
  }
  protected loadStates(all: readonly Record<string, unknown>[]): void {
    const name = `${this.constructor.name}.loadStateDict`;
    if (all.length !== this.schedulers.length) {
      throw new ConfigError(`${name}: the state is of ${all.length} schedulers, not of ${this.schedulers.length}.`);
    }
    for (const [i, scheduler] of this.schedulers.entries()) scheduler.loadStateDict(all[i] ?? {});
  }
}

/**
 * All schedulers at every step, in their order: `new ChainedScheduler([warmUp, decay])`.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using sgd = new torch.optim.SGD(layer.parameters(), { lr: 0.5 });
 * const { ConstantLR, ExponentialLR, ChainedScheduler } = torch.optim.lrScheduler;
 * const warmUp = new ConstantLR(sgd, { factor: 0.5, totalIters: 1 });
 * const scheduler = new ChainedScheduler([warmUp, new ExponentialLR(sgd, { gamma: 0.5 })]);
 * console.log(sgd.paramGroups[0]?.lr); // → 0.25
 * sgd.step();
 * scheduler.step(); // the full rate, halved
 * console.log(sgd.paramGroups[0]?.lr); // → 0.25
 * ```
 */
export class ChainedScheduler extends CombinedScheduler {
  #begun = false;

  constructor(schedulers: readonly LRScheduler[], ...none: []) {
    knownOptions("ChainedScheduler", none, []);
    const { schedulers: all } = parseWith(schema.pick({ schedulers: true }), { schedulers }, "ChainedScheduler");
    const [first] = all;
    if (first === undefined) throw new ConfigError("ChainedScheduler: there are no schedulers.");
    super(first.optimizer, all);
    this.lastLr = this.optimizer.paramGroups.map((group) => group.lr);
  }

  override begin(): void {
    this.#begun = true;
    super.begin();
  }
  override step(): void {
    for (const scheduler of this.schedulers) scheduler.step();
    this.lastLr = this.optimizer.paramGroups.map((group) => group.lr);
  }

  /** PyTorch 2.6's form. */
  override stateDict(): Record<string, unknown> {
    // PyTorch's SequentialLR leaves this here, and only there
    const begun = this.#begun ? { _step_count: 0 } : {};
    return { _last_lr: [...this.lastLr], ...begun, _schedulers: this.states() };
  }
  override loadStateDict(state: Readonly<Record<string, unknown>>): void {
    const parsed = parseWith(chainedState, state, "ChainedScheduler.loadStateDict");
    this.loadStates(parsed._schedulers);
    this.lastLr = parsed._last_lr;
  }
}

export interface SequentialOptions {
  /** One after the other, all of the same optimizer. */
  readonly schedulers: readonly LRScheduler[];
  /** The epochs at which the next scheduler takes over: one less than there are schedulers. */
  readonly milestones: readonly number[];
  /** Default -1: a new run. */
  readonly lastEpoch?: number | undefined;
}

/**
 * One scheduler after the other; each begins with its own epoch 0.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * const sgd = new torch.optim.SGD(layer.parameters(), { lr: 0.5 });
 * const warmUp = new torch.optim.lrScheduler.LinearLR(sgd, { startFactor: 0.5, totalIters: 5 });
 * const decay = new torch.optim.lrScheduler.CosineAnnealingLR(sgd, { tMax: 45 });
 * const scheduler = new torch.optim.lrScheduler.SequentialLR(sgd, { schedulers: [warmUp, decay], milestones: [5] });
 * console.log(scheduler.getLastLr()); // → [ 0.25 ]
 * ```
 */
export class SequentialLR extends CombinedScheduler {
  #milestones: readonly number[];

  constructor(optimizer: Optimizer, ...given: readonly [SequentialOptions]) {
    const options = schedulerOptions("SequentialLR", optimizer, given, schema);
    const { schedulers, milestones, lastEpoch: last } = parseWith(schema, options, "SequentialLR");
    if (milestones.length !== schedulers.length - 1) {
      throw new ConfigError(
        `SequentialLR: ${schedulers.length} schedulers need ${schedulers.length - 1} milestones, got ${milestones.length}.`,
      );
    }
    const late = schedulers.findIndex((scheduler, i) => i > 0 && scheduler instanceof CombinedScheduler);
    if (late > 0) {
      throw new ConfigError(
        `SequentialLR: scheduler ${late} got ${show(schedulers[late])}, which combines others and can only be the first.`,
      );
    }
    super(optimizer, schedulers);
    this.#milestones = milestones;
    this.lastEpoch = last + 1;
    // each scheduler set its first rates when it was made, and only those of the first count
    for (const group of optimizer.paramGroups) group.lr = group.initialLr ?? group.lr;
    for (const scheduler of schedulers) scheduler.undoBegin();
    schedulers[0]?.begin();
    this.lastLr = schedulers[0]?.getLastLr() ?? [];
  }

  override step(): void {
    this.lastEpoch++;
    const passed = this.#milestones.filter((milestone) => milestone <= this.lastEpoch);
    const scheduler = this.schedulers[passed.length];
    if (scheduler === undefined) throw new ConfigError("SequentialLR: its state has more milestones than schedulers.");
    if (passed.at(-1) === this.lastEpoch) scheduler.restart();
    else scheduler.step();
    this.lastLr = scheduler.getLastLr();
  }

  /** PyTorch 2.6's form. */
  override stateDict(): Record<string, unknown> {
    return {
      _milestones: [...this.#milestones],
      last_epoch: this.lastEpoch,
      _last_lr: [...this.lastLr],
      _schedulers: this.states(),
    };
  }
  override loadStateDict(state: Readonly<Record<string, unknown>>): void {
    const parsed = parseWith(sequentialState, state, "SequentialLR.loadStateDict");
    this.loadStates(parsed._schedulers);
    this.#milestones = parsed._milestones;
    this.lastEpoch = parsed.last_epoch;
    this.lastLr = parsed._last_lr;
  }
}
