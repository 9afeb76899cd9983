import { z } from "zod";
import { type Given, givenOptions } from "../arguments.ts";
import { _foreachAdd_, _foreachLerp, _foreachLerp_, _foreachMul_, _foreachSign_, zerosLike } from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { descent, statesOf } from "./lists.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import { choice, flag, fraction, nonNegative } from "./options.ts";
import type { ParamGroup, Params } from "./param-group.ts";
import type { ParamState } from "./saved-state.ts";

const schema = z.strictObject({
  /** The learning rate, ≥ 0; default 1e-4. Every weight moves by it at each step: take a tenth to a third of AdamW's. */
  lr: nonNegative.default(1e-4),
  /** How much of the average of gradients counts in the direction of a step, and how much of it stays, in [0, 1); default [0.9, 0.99]. */
  betas: z.tuple([fraction, fraction]).default([0.9, 0.99]),
  /** What part of the weights, times the learning rate, is taken from them at each step, ≥ 0; default 0. Take 3 to 10 times AdamW's. */
  weightDecay: nonNegative.default(0),
  /** Whether to go up instead of down; default false. */
  maximize: flag,
  /** Kept in state dicts; without effect here. Default null. */
  foreach: choice,
  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag,
});

export type LionFields = z.output<typeof schema>;

/**
 * Steps along the signs of averaged gradients (Chen et al. 2023, https://arxiv.org/abs/2302.06675). PyTorch has none; it keeps half of Adam's state.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1, { bias: false });
 * torch.nn.init.ones_(layer.weight);
 * using optimizer = new torch.optim.Lion(layer.parameters(), { lr: 0.25 });
 * using x = torch.tensor([[-2]]);
 * using loss = layer.call(x);
 * loss.backward();
 * optimizer.step(); // the rate, against the gradient's sign
 * console.log(layer.weight.item()); // → 1.25
 * ```
 */
export class Lion extends Optimizer<LionFields> {
  constructor(params: Params<LionFields>, ...options: Given<Partial<LionFields>>) {
    super("Lion", schema, params, givenOptions("Lion", options, ["lr", "betas", "weightDecay"]));
  }

  protected override initState(_group: ParamGroup<LionFields>, param: Tensor, state: ParamState): void {
    state.exp_avg ??= zerosLike(param).keep();
  }

  protected override update(group: ParamGroup<LionFields>, updates: readonly Update[]): void {
    const { lr, maximize, weightDecay } = group;
    const [beta1, beta2] = group.betas;
    const params = updates.map(({ param }) => param);
    const means = statesOf(updates, "exp_avg");
    const grads = descent(updates, { maximize, weightDecay: 0 });
    if (weightDecay !== 0) _foreachMul_(params, 1 - lr * weightDecay);
    const directions = _foreachLerp(means, grads, 1 - beta1);
    _foreachSign_(directions);
    _foreachAdd_(params, directions, { alpha: -lr });
    _foreachLerp_(means, grads, 1 - beta2);
  }
}
