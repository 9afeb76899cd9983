import { z } from "zod";
import { type Given, givenOptions } from "../arguments.ts";
import { _foreachAdd_, _foreachAddcmul_, _foreachLerp_, _foreachMul_, zerosLike } from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { countSteps, descent, need, statesOf } from "./lists.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import { choice, flag, fraction, nonNegative } from "./options.ts";
import type { ParamGroup, Params } from "./param-group.ts";
import { type ParamState, stepTensor } from "./saved-state.ts";

// in PyTorch's order
const schema = z.strictObject({
  /** The learning rate, ≥ 0; default 1e-3. */
  lr: nonNegative.default(1e-3),
  /** How much of the averages of the gradient and of its square stays at each step, in [0, 1); default [0.9, 0.999]. */
  betas: z.tuple([fraction, fraction]).default([0.9, 0.999]),
  /** Added to the root of the average of squares, against division by 0; default 1e-8. */
  eps: nonNegative.default(1e-8),
  /** How much of the weights is added to their gradient, or taken from them where it is decoupled, ≥ 0; default 0. */
  weightDecay: nonNegative.default(0),
  /** Whether to go up instead of down; default false. */
  maximize: flag,
  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice,
  /** Kept in state dicts; without effect here. Default false. */
  capturable: flag,
  /** Whether the weights themselves are made smaller, instead of a penalty added to the gradient; default false. */
  decoupledWeightDecay: flag,
  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag,
});
// that of PyTorch's arguments, which is not that of its state
const order = ["lr", "betas", "eps", "weightDecay", "decoupledWeightDecay"];

export type RAdamFields = z.output<typeof schema>;

/**
 * Adam that begins as momentum does, until its average of squares is of enough steps (Liu et al. 2020, https://arxiv.org/abs/1908.03265).
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1, { bias: false });
 * torch.nn.init.ones_(layer.weight);
 * using optimizer = new torch.optim.RAdam(layer.parameters(), { lr: 0.25 });
 * using x = torch.tensor([[2]]);
 * using loss = layer.call(x);
 * loss.backward();
 * optimizer.step(); // the first steps are those of momentum: the rate times the gradient
 * console.log(layer.weight.item().toFixed(4)); // → 0.5000
 * ```
 */
export class RAdam extends Optimizer<RAdamFields> {
  constructor(params: Params<RAdamFields>, ...options: Given<Partial<RAdamFields>>) {
    super("RAdam", schema, params, givenOptions("RAdam", options, order));
  }

  protected override initState(_group: ParamGroup<RAdamFields>, param: Tensor, state: ParamState): void {
    state.step ??= stepTensor(0);
    state.exp_avg ??= zerosLike(param).keep();
    state.exp_avg_sq ??= zerosLike(param).keep();
  }

  protected override update(group: ParamGroup<RAdamFields>, updates: readonly Update[]): void {
    const { lr, eps, maximize, weightDecay, decoupledWeightDecay: decoupled } = group;
    const [beta1, beta2] = group.betas;
    const params = updates.map(({ param }) => param);
    const means = statesOf(updates, "exp_avg");
    const squares = statesOf(updates, "exp_avg_sq");

    countSteps(updates);
    const grads = descent(updates, { maximize, weightDecay: decoupled ? 0 : weightDecay });
    if (decoupled && weightDecay !== 0) _foreachMul_(params, 1 - lr * weightDecay);
    _foreachLerp_(means, grads, 1 - beta1);
    _foreachMul_(squares, beta2);
    _foreachAddcmul_(squares, grads, grads, 1 - beta2);

    const changes = updates.map(({ state }) => {
      const t = need(state, "step").item();
      const change = need(state, "exp_avg").div(1 - beta1 ** t);
      const trust = rectification(beta2, t);
      if (trust === null) return change;
      const root = need(state, "exp_avg_sq").sqrt().add_(eps);
      return change.div_(root).mul_(Math.sqrt(1 - beta2 ** t) * trust);
    });
    _foreachAdd_(params, changes, { alpha: -lr });
  }
}

/** How much the average of squares is trusted after `t` steps; null while its variance is not known. */
function rectification(beta2: number, t: number): number | null {
  const most = 2 / (1 - beta2) - 1;
  const length = most - (2 * t * beta2 ** t) / (1 - beta2 ** t);
  if (length <= 5) return null;
  return Math.sqrt(((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length));
}
