import { z } from "zod";
import { type Given, givenOptions } from "../arguments.ts";
import {
  _foreachAdd_,
  _foreachAddcdiv_,
  _foreachAddcmul_,
  _foreachMul,
  _foreachSqrt,
  _fusedAdagrad_,
  fullLike,
} from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { canFuse } from "./fused.ts";
import { countSteps, descent, statesOf } from "./lists.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import { choice, flag, nonNegative } from "./options.ts";
import type { ParamGroup, Params } from "./param-group.ts";
import { type ParamState, stepTensor } from "./saved-state.ts";

const schema = z.strictObject({
  /** The learning rate, ≥ 0; default 1e-2. */
  lr: nonNegative.default(1e-2),
  /** How fast the learning rate falls with the steps, ≥ 0; default 0. */
  lrDecay: nonNegative.default(0),
  /** Added where it is divided by a root, against division by 0; default 1e-10. */
  eps: nonNegative.default(1e-10),
  /** How much of the weights is added to their gradient (AdamW: taken from the weights), ≥ 0; default 0. */
  weightDecay: nonNegative.default(0),
  /** What the sums of squared gradients begin with, ≥ 0; default 0. */
  initialAccumulatorValue: nonNegative.default(0),
  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice,
  /** Whether to go up instead of down; default false. */
  maximize: flag,
  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag,
  /** Whether one kernel does the whole update; null, the default, lets the library choose. */
  fused: choice,
});

// that of PyTorch's arguments, which is not that of its state
const order = ["lr", "lrDecay", "weightDecay", "initialAccumulatorValue", "eps"];

export type AdagradFields = z.output<typeof schema>;

/**
 * Adagrad (Duchi, Hazan & Singer 2011, https://jmlr.org/papers/v12/duchi11a.html).
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1, { bias: false });
 * torch.nn.init.ones_(layer.weight);
 * using optimizer = new torch.optim.Adagrad(layer.parameters(), { lr: 0.25 });
 * using x = torch.tensor([[2]]);
 * using loss = layer.call(x);
 * loss.backward();
 * optimizer.step(); // the first step is the rate, whatever the gradient
 * console.log(layer.weight.item()); // → 0.75
 * ```
 */
export class Adagrad extends Optimizer<AdagradFields> {
  constructor(params: Params<AdagradFields>, ...options: Given<Partial<AdagradFields>>) {
    super("Adagrad", schema, params, givenOptions("Adagrad", options, order));
    // PyTorch makes this state at once, and expects it of every parameter when it loads one
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        const state: ParamState = {};
        this.initState(group, param, state);
        this.states.set(param, state);
      }
    }
  }

  protected override initState(group: ParamGroup<AdagradFields>, param: Tensor, state: ParamState): void {
    state.step ??= stepTensor(0);
    state.sum ??= fullLike(param, group.initialAccumulatorValue).keep();
  }

  protected override update(group: ParamGroup<AdagradFields>, updates: readonly Update[]): void {
    const { lr, lrDecay, eps, weightDecay, maximize } = group;
    const params = updates.map(({ param }) => param);
    const sums = statesOf(updates, "sum");
    if (canFuse(group, updates, ["sum"])) {
      const steps = statesOf(updates, "step");
      _foreachAdd_(steps, 1);
      const grads = updates.map(({ grad }) => grad);
      _fusedAdagrad_(params, grads, sums, steps, { lr, lrDecay, weightDecay, eps, maximize });
      return;
    }
    const steps = countSteps(updates);
    const grads = descent(updates, group);
    _foreachAddcmul_(sums, grads, grads, 1);
    const roots = _foreachSqrt(sums);
    _foreachAdd_(roots, eps);
    const moves = _foreachMul(
      grads,
      steps.map((t) => -lr / (1 + (t - 1) * lrDecay)),
    );
    _foreachAddcdiv_(params, moves, roots);
  }
}
