import { z } from "zod";
import { type Given, givenOptions } from "../arguments.ts";
import {
  _foreachAdd_,
  _foreachAddcdiv_,
  _foreachAddcmul,
  _foreachAddcmul_,
  _foreachLerp_,
  _foreachMul_,
  _foreachSqrt,
  _foreachSqrt_,
  zerosLike,
} from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { countSteps, descent, statesOf } from "./lists.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import { choice, flag, nonNegative } from "./options.ts";
import type { ParamGroup, Params } from "./param-group.ts";
import { type ParamState, stepTensor } from "./saved-state.ts";

const schema = z.strictObject({
  /** The learning rate, ≥ 0; default 1e-2. */
  lr: nonNegative.default(1e-2),
  /** How much of the last update stays, ≥ 0; default 0. */
  momentum: nonNegative.default(0),
  /** How much of the average of squares stays at each step; default 0.99. */
  alpha: nonNegative.default(0.99),
  /** Added where it is divided by a root, against division by 0; default 1e-8. */
  eps: nonNegative.default(1e-8),
  /** Whether the average gradient is taken off the average of squares; default false. */
  centered: flag,
  /** How much of the weights is added to their gradient (AdamW: taken from the weights), ≥ 0; default 0. */
  weightDecay: nonNegative.default(0),
  /** Kept in state dicts; without effect here. Default false. */
  capturable: flag,
  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice,
  /** Whether to go up instead of down; default false. */
  maximize: flag,
  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag,
});

// that of PyTorch's arguments, which is not that of its state
const order = ["lr", "alpha", "eps", "weightDecay", "momentum", "centered"];

export type RMSpropFields = z.output<typeof schema>;

/**
 * RMSprop (Hinton's lecture 6 of 2012); `centered` divides by the estimated standard deviation (Graves 2013).
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1, { bias: false });
 * torch.nn.init.ones_(layer.weight);
 * using optimizer = new torch.optim.RMSprop(layer.parameters(), { lr: 0.25, alpha: 0.75 });
 * using x = torch.tensor([[2]]);
 * using loss = layer.call(x);
 * loss.backward();
 * optimizer.step(); // 0.25 · 2 / √(0.25 · 2²)
 * console.log(layer.weight.item().toFixed(4)); // → 0.5000
 * ```
 */
export class RMSprop extends Optimizer<RMSpropFields> {
  constructor(params: Params<RMSpropFields>, ...options: Given<Partial<RMSpropFields>>) {
    super("RMSprop", schema, params, givenOptions("RMSprop", options, order));
  }

  protected override initState(group: ParamGroup<RMSpropFields>, param: Tensor, state: ParamState): void {
    state.step ??= stepTensor(0);
    state.square_avg ??= zerosLike(param).keep();
    if (group.momentum > 0) state.momentum_buffer ??= zerosLike(param).keep();
    if (group.centered) state.grad_avg ??= zerosLike(param).keep();
  }

  protected override update(group: ParamGroup<RMSpropFields>, updates: readonly Update[]): void {
    const { lr, alpha, eps, momentum, centered } = group;
    countSteps(updates);
    const params = updates.map(({ param }) => param);
    const squares = statesOf(updates, "square_avg");
    const grads = descent(updates, group);
    _foreachMul_(squares, alpha);
    _foreachAddcmul_(squares, grads, grads, 1 - alpha);
    let deviations: Tensor[];
    if (centered) {
      const means = statesOf(updates, "grad_avg");
      _foreachLerp_(means, grads, 1 - alpha);
      deviations = _foreachAddcmul(squares, means, means, -1);
      _foreachSqrt_(deviations);
    } else deviations = _foreachSqrt(squares);
    _foreachAdd_(deviations, eps);
    if (momentum > 0) {
      const velocities = statesOf(updates, "momentum_buffer");
      _foreachMul_(velocities, momentum);
      _foreachAddcdiv_(velocities, grads, deviations);
      _foreachAdd_(params, velocities, { alpha: -lr });
    } else _foreachAddcdiv_(params, grads, deviations, -lr);
  }
}
