import { z } from "zod";
import { type Input, parseWith } from "../../../utils/config.ts";
import { ConfigError } from "../../../utils/exceptions.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { LRScheduler, lastEpoch, schedulerOptions } from "./scheduler.ts";

const schema = z.strictObject({
  /** Epochs until the first restart. */
  t0: z.number().int().min(1),
  /** By how much longer each period is than the one before; default 1. */
  tMult: z.number().int().min(1).default(1),
  /** The lowest learning rate; default 0. */
  etaMin: z.number().default(0),
  /** The epoch that a run goes on from; -1, the default, begins one. */
  lastEpoch,
});
const stateSchema = z.object({
  T_0: z.number(),
  T_i: z.number(),
  T_mult: z.number(),
  eta_min: z.number(),
  T_cur: z.number(),
});

/**
 * Half a cosine from the first rate down to `etaMin` (default 0) in `t0` epochs, and again from the top, each time in
 * `tMult` (default 1) times as many (Loshchilov & Hutter 2017).
 *
 * `step(epoch)` goes to an epoch, which may be a fraction: `step(epoch + batch / batches)` after every batch.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using sgd = new torch.optim.SGD(layer.parameters(), { lr: 0.5 });
 * const scheduler = new torch.optim.lrScheduler.CosineAnnealingWarmRestarts(sgd, { t0: 2 });
 * const rates: number[] = [];
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(...scheduler.getLastLr());
 *   sgd.step();
 *   scheduler.step();
 * }
 * console.log(rates.map((rate) => rate.toFixed(2)).join(" ")); // → 0.50 0.25 0.50 0.25
 * ```
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  #state: z.output<typeof stateSchema>;

  constructor(optimizer: Optimizer, ...given: readonly [Input<typeof schema>]) {
    const name = "CosineAnnealingWarmRestarts";
    const options = parseWith(schema, schedulerOptions(name, optimizer, given, schema), name);
    const { t0, tMult, etaMin } = options;
    super(optimizer, options);
    this.#state = { T_0: t0, T_i: t0, T_mult: tMult, eta_min: etaMin, T_cur: options.lastEpoch };
    this.begin();
  }

  override step(epoch?: number): void {
    const state = this.#state;
    if (epoch === undefined && this.lastEpoch >= 0) {
      this.lastEpoch++;
      state.T_cur++;
      if (state.T_cur >= state.T_i) {
        state.T_cur -= state.T_i;
        state.T_i *= state.T_mult;
      }
    } else this.#goTo(epoch ?? 0);
    const groups = this.optimizer.paramGroups;
    const lrs = this.nextLrs(groups);
    for (const [i, group] of groups.entries()) group.lr = lrs[i] ?? group.lr;
    this.lastLr = groups.map((group) => group.lr);
  }

  #goTo(epoch: number): void {
    if (!(epoch >= 0)) {
      throw new ConfigError(`CosineAnnealingWarmRestarts: epoch got ${epoch}. Expected a number of at least 0.`);
    }
    const state = this.#state;
    const { T_0: first, T_mult: factor } = state;
    if (epoch < first) [state.T_i, state.T_cur] = [first, epoch];
    else if (factor === 1) state.T_cur = epoch % first;
    else {
      // how many periods have passed: they are a geometric series
      const passed = Math.trunc(Math.log((epoch / first) * (factor - 1) + 1) / Math.log(factor));
      state.T_cur = epoch - (first * (factor ** passed - 1)) / (factor - 1);
      state.T_i = first * factor ** passed;
    }
    this.lastEpoch = Math.floor(epoch);
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const { eta_min: min, T_cur: at, T_i: period } = this.#state;
    const height = (1 + Math.cos((Math.PI * at) / period)) / 2;
    return groups.map((group, i) => min + ((this.baseLrs[i] ?? group.lr) - min) * height);
  }
  protected override ownState(): Record<string, unknown> {
    return { ...this.#state };
  }
  protected override loadOwnState(state: Readonly<Record<string, unknown>>): void {
    this.#state = parseWith(stateSchema, state, "CosineAnnealingWarmRestarts.loadStateDict");
  }
}
