import { z } from "zod";
import { type Given, givenOptions } from "../arguments.ts";
import {
  _foreachAdd_,
  _foreachAddcdiv_,
  _foreachAddcmul_,
  _foreachDiv_,
  _foreachLerp_,
  _foreachMaximum_,
  _foreachMul_,
  _foreachSqrt,
  _fusedAdam_,
  _fusedAdamw_,
  zerosLike,
} from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { canFuse } from "./fused.ts";
import { countSteps, descent, statesOf } from "./lists.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import { choice, flag, fraction, nonNegative } from "./options.ts";
import type { ParamGroup, Params } from "./param-group.ts";
import { type ParamState, stepTensor } from "./saved-state.ts";

const first = {
  /** The learning rate, ≥ 0; default 1e-3. */
  lr: nonNegative.default(1e-3),
  /** How much of the averages of the gradient and of its square stays at each step, in [0, 1); default [0.9, 0.999]. */
  betas: z.tuple([fraction, fraction]).default([0.9, 0.999]),
  /** Added where it is divided by a root, against division by 0; default 1e-8. */
  eps: nonNegative.default(1e-8),
};
const last = {
  /** Kept in state dicts; without effect here. Default false. */
  capturable: flag,
  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag,
  /** Whether one kernel does the whole update; null, the default, lets the library choose. */
  fused: choice,
};
// each in PyTorch's order
const adam = z.strictObject({
  ...first,
  /** How much of the weights is added to their gradient (AdamW: taken from the weights), ≥ 0; default 0. */
  weightDecay: nonNegative.default(0),
  /** Whether the largest average of squares so far is taken (Reddi et al., 2018); default false. */
  amsgrad: flag,
  /** Whether to go up instead of down; default false. */
  maximize: flag,
  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice,
  ...last,
});
const adamW = z.strictObject({
  ...first,
  /** How much of the weights is added to their gradient (AdamW: taken from the weights), ≥ 0; default 1e-2. */
  weightDecay: nonNegative.default(1e-2),
  /** Whether the largest average of squares so far is taken (Reddi et al., 2018); default false. */
  amsgrad: flag,
  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice,
  /** Whether to go up instead of down; default false. */
  maximize: flag,
  ...last,
});

export type AdamFields = z.output<typeof adam>;

/** Both; they differ in what the weight decay is. */
abstract class AdamFamily extends Optimizer<AdamFields> {
  /** Whether the weights themselves are made smaller, instead of a penalty added to the gradient. */
  protected abstract readonly decoupled: boolean;

  protected override initState(group: ParamGroup<AdamFields>, param: Tensor, state: ParamState): void {
    state.step ??= stepTensor(0);
    state.exp_avg ??= zerosLike(param).keep();
    state.exp_avg_sq ??= zerosLike(param).keep();
    if (group.amsgrad) state.max_exp_avg_sq ??= zerosLike(param).keep();
  }

  protected override update(group: ParamGroup<AdamFields>, updates: readonly Update[]): void {
    const { lr, eps, amsgrad, maximize, weightDecay } = group;
    const [beta1, beta2] = group.betas;
    const params = updates.map(({ param }) => param);
    const means = statesOf(updates, "exp_avg");
    const squares = statesOf(updates, "exp_avg_sq");
    const maxima = amsgrad ? statesOf(updates, "max_exp_avg_sq") : [];

    if (canFuse(group, updates, ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"])) {
      const steps = statesOf(updates, "step");
      _foreachAdd_(steps, 1);
      const grads = updates.map(({ grad }) => grad);
      const fused = this.decoupled ? _fusedAdamw_ : _fusedAdam_;
      fused(params, grads, means, squares, maxima, steps, { lr, beta1, beta2, weightDecay, eps, amsgrad, maximize });
      return;
    }

    const steps = countSteps(updates);
    const grads = descent(updates, { maximize, weightDecay: this.decoupled ? 0 : weightDecay });
    if (this.decoupled && weightDecay !== 0) _foreachMul_(params, 1 - lr * weightDecay);
    _foreachLerp_(means, grads, 1 - beta1);
    _foreachMul_(squares, beta2);
    _foreachAddcmul_(squares, grads, grads, 1 - beta2);
    if (amsgrad) _foreachMaximum_(maxima, squares);
    // m / (1 - β1ᵗ) / (√(v / (1 - β2ᵗ)) + ε), with the corrections as numbers
    const denominators = _foreachSqrt(amsgrad ? maxima : squares);
    _foreachDiv_(
      denominators,
      steps.map((t) => Math.sqrt(1 - beta2 ** t)),
    );
    _foreachAdd_(denominators, eps);
    _foreachAddcdiv_(
      params,
      means,
      denominators,
      steps.map((t) => -lr / (1 - beta1 ** t)),
    );
  }
}

/**
 * Adam (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980); `amsgrad` after Reddi et al. 2018.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1, { bias: false });
 * torch.nn.init.ones_(layer.weight);
 * using optimizer = new torch.optim.Adam(layer.parameters(), { lr: 0.25, betas: [0.9, 0.99] });
 * using x = torch.tensor([[2]]);
 * using loss = layer.call(x);
 * loss.backward();
 * optimizer.step(); // the first step is the rate, whatever the gradient
 * console.log(layer.weight.item().toFixed(4)); // → 0.7500
 * ```
 */
export class Adam extends AdamFamily {
  protected override readonly decoupled = false;
  constructor(params: Params<AdamFields>, ...options: Given<Partial<AdamFields>>) {
    super("Adam", adam, params, givenOptions("Adam", options, Object.keys(adam.shape)));
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101).
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 2);
 * using optimizer = new torch.optim.AdamW(layer.parameters(), { lr: 1e-3 });
 * console.log(optimizer.defaults.weightDecay); // → 0.01
 * ```
 */
export class AdamW extends AdamFamily {
  protected override readonly decoupled = true;
  constructor(params: Params<AdamFields>, ...options: Given<Partial<AdamFields>>) {
    super("AdamW", adamW, params, givenOptions("AdamW", options, Object.keys(adamW.shape)));
  }
}
