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
import { type ParamState, stepTensor, type Update } from "./optimizer.ts";

export interface AdamFields {
  lr: number;
  betas: [number, number];
  eps: number;
  weightDecay: number;
  amsgrad: boolean;
  maximize: boolean;
  foreach: boolean | null;
  capturable: boolean;
  differentiable: boolean;
  fused: boolean | null;
}

export function initAdamState(options: AdamFields, param: Tensor, state: ParamState): void {
  state.step ??= stepTensor(0);
  state.exp_avg ??= zerosLike(param).keep();
  state.exp_avg_sq ??= zerosLike(param).keep();
  if (options.amsgrad) state.max_exp_avg_sq ??= zerosLike(param).keep();
}

/** One step of Adam; `decoupled` shrinks the weights themselves (AdamW) instead of adding a penalty to the gradient. */
export function adamUpdate(options: AdamFields, updates: readonly Update[], decoupled: boolean): void {
  const { lr, eps, amsgrad, maximize, weightDecay } = options;
  const [beta1, beta2] = options.betas;
  const params = updates.map(({ param }) => param);
  const means = statesOf(updates, "exp_avg");
  const squares = statesOf(updates, "exp_avg_sq");
  const maxima = amsgrad ? statesOf(updates, "max_exp_avg_sq") : [];

  if (canFuse(options, updates, ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"])) {
    const steps = statesOf(updates, "step");
    _foreachAdd_(steps, 1);
    const grads = updates.map(({ grad }) => grad);
    const fused = decoupled ? _fusedAdamw_ : _fusedAdam_;
    fused(params, grads, means, squares, maxima, steps, { lr, beta1, beta2, weightDecay, eps, amsgrad, maximize });
    return;
  }

  const steps = countSteps(updates);
  const grads = descent(updates, { maximize, weightDecay: decoupled ? 0 : weightDecay });
  if (decoupled && weightDecay !== 0) _foreachMul_(params, 1 - lr * weightDecay);
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
