import { z } from "zod";
import { type Given, givenOptions } from "../arguments.ts";
import {
  _foreachAdd,
  _foreachAdd_,
  _foreachAddcmul_,
  _foreachDiv_,
  _foreachMul_,
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
  /** The learning rate, ≥ 0; default 1. */
  lr: nonNegative.default(1),
  /** How much of the squared averages stays at each step, in [0, 1]; default 0.9. */
  rho: z.number().min(0).max(1, "Expected a number in [0, 1]").default(0.9),
  /** Added where it is divided by a root, against division by 0; default 1e-6. */
  eps: nonNegative.default(1e-6),
  /** How much of the weights is added to their gradient (AdamW: taken from the weights), ≥ 0; default 0. */
  weightDecay: nonNegative.default(0),
  /** Whether to go up instead of down; default false. */
  maximize: flag,
  /** Kept in state dicts; without effect here. Default false. */
  capturable: flag,
  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice,
  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag,
});

export type AdadeltaFields = z.output<typeof schema>;

/**
 * Adadelta (Zeiler 2012, https://arxiv.org/abs/1212.5701).
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using optimizer = new torch.optim.Adadelta(layer.parameters(), { lr: 1, rho: 0.95 });
 * using x = torch.tensor([[2]]);
 * using loss = layer.call(x);
 * loss.backward();
 * optimizer.step();
 * optimizer.zeroGrad();
 * console.log(layer.weight.grad); // → null
 * ```
 */
export class Adadelta extends Optimizer<AdadeltaFields> {
  constructor(params: Params<AdadeltaFields>, ...options: Given<Partial<AdadeltaFields>>) {
    super("Adadelta", schema, params, givenOptions("Adadelta", options, Object.keys(schema.shape)));
  }

  protected override initState(_group: ParamGroup<AdadeltaFields>, param: Tensor, state: ParamState): void {
    state.step ??= stepTensor(0);
    state.square_avg ??= zerosLike(param).keep();
    state.acc_delta ??= zerosLike(param).keep();
  }

  protected override update(group: ParamGroup<AdadeltaFields>, updates: readonly Update[]): void {
    const { lr, rho, eps } = group;
    countSteps(updates);
    const params = updates.map(({ param }) => param);
    const squares = statesOf(updates, "square_avg");
    const accumulated = statesOf(updates, "acc_delta");
    const grads = descent(updates, group);
    _foreachMul_(squares, rho);
    _foreachAddcmul_(squares, grads, grads, 1 - rho);
    const roots = _foreachAdd(squares, eps);
    _foreachSqrt_(roots);
    // Δ = √(E[Δ²] + ε) / √(E[g²] + ε) · g
    const deltas = _foreachAdd(accumulated, eps);
    _foreachSqrt_(deltas);
    _foreachDiv_(deltas, roots);
    _foreachMul_(deltas, grads);
    _foreachMul_(accumulated, rho);
    _foreachAddcmul_(accumulated, deltas, deltas, 1 - rho);
    _foreachAdd_(params, deltas, { alpha: -lr });
  }
}
