import { z } from "zod";
import { parseWith } from "../../../utils/config.ts";
import { ConfigError } from "../../../utils/exceptions.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { LRScheduler, lastEpoch, schedulerOptions } from "./scheduler.ts";

/** A factor from the number of the epoch, which begins at 0. */
export type LrLambda = (epoch: number) => number;

const lambda = z.custom<LrLambda>((value) => typeof value === "function", "Expected a function of the epoch");
const schema = z.strictObject({
  /** From the epoch, what the first learning rate is multiplied by; or a list, one for each group. */
  lrLambda: z.union([lambda, z.array(lambda)]),
  /** The epoch that a run goes on from; -1, the default, begins one. */
  lastEpoch,
});

export interface LambdaOptions {
  /** One function for all groups, or one for each. */
  readonly lrLambda: LrLambda | readonly LrLambda[];
  /** Default -1: a new run. */
  readonly lastEpoch?: number | undefined;
}

/** What both have in common: functions, which are not saved, as in PyTorch. */
abstract class LambdaScheduler extends LRScheduler {
  readonly #lambdas: readonly LrLambda[];

  constructor(optimizer: Optimizer, given: readonly [LambdaOptions]) {
    const { name } = new.target;
    const parsed = parseWith(schema, schedulerOptions(name, optimizer, given, schema), name);
    const { lrLambda } = parsed;
    const groups = optimizer.paramGroups;
    if (typeof lrLambda !== "function" && lrLambda.length !== groups.length) {
      throw new ConfigError(`${name}: 'lrLambda' has ${lrLambda.length} functions for ${groups.length} groups.`);
    }
    super(optimizer, parsed);
    this.#lambdas = typeof lrLambda === "function" ? groups.map(() => lrLambda) : lrLambda;
    this.begin();
  }

  /** The factor of each group for this epoch. */
  protected factors(): number[] {
    return this.#lambdas.map((each, i) => {
      const factor: unknown = each(this.lastEpoch);
      if (typeof factor === "number") return factor;
      throw new ConfigError(
        `${this.constructor.name}: 'lrLambda' of group ${i} gave ${String(factor)} for epoch ${this.lastEpoch}. Expected a number.`,
      );
    });
  }

  /** PyTorch 2.6's form, which has a place for functions that it can save; ours cannot be. */
  override stateDict(): Record<string, unknown> {
    return { ...super.stateDict(), lr_lambdas: this.#lambdas.map(() => null) };
  }
  protected override ownState(): Record<string, unknown> {
    return {};
  }
  protected override loadOwnState(): void {}
}

/**
 * The first rate times `lrLambda(epoch)`.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * const sgd = new torch.optim.SGD(layer.parameters(), { lr: 0.5 });
 * // a warm-up of 4 epochs
 * const scheduler = new torch.optim.lrScheduler.LambdaLR(sgd, { lrLambda: (epoch) => Math.min(1, (epoch + 1) / 4) });
 * console.log(scheduler.getLastLr()); // → [ 0.125 ]
 * ```
 */
export class LambdaLR extends LambdaScheduler {
  constructor(optimizer: Optimizer, ...options: readonly [LambdaOptions]) {
    super(optimizer, options);
  }
  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const factors = this.factors();
    return groups.map((group, i) => (this.baseLrs[i] ?? group.lr) * (factors[i] ?? 1));
  }
}

/**
 * The rate of the last epoch times `lrLambda(epoch)`, from epoch 1 on.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using sgd = new torch.optim.SGD(layer.parameters(), { lr: 0.5 });
 * const lrLambda = (epoch: number) => (epoch === 1 ? 0.5 : 1); // halved once
 * const scheduler = new torch.optim.lrScheduler.MultiplicativeLR(sgd, { lrLambda });
 * const rates: number[] = [];
 * for (let epoch = 0; epoch < 3; epoch++) {
 *   rates.push(...scheduler.getLastLr());
 *   sgd.step();
 *   scheduler.step();
 * }
 * console.log(rates); // → [ 0.5, 0.25, 0.25 ]
 * ```
 */
export class MultiplicativeLR extends LambdaScheduler {
  constructor(optimizer: Optimizer, ...options: readonly [LambdaOptions]) {
    super(optimizer, options);
  }
  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const factors = this.lastEpoch > 0 ? this.factors() : [];
    return groups.map((group, i) => group.lr * (factors[i] ?? 1));
  }
  // PyTorch knows no rate for its epoch 0 but the present one
  override restart(): void {
    this.lastEpoch = -1;
    this.step();
  }
}
