import { z } from "zod";
import { type Given, givenOptions } from "../arguments.ts";
import {
  _foreachAdd_,
  _foreachAddcdiv_,
  _foreachAddcmul_,
  _foreachDiv,
  _foreachLerp_,
  _foreachMul_,
  _foreachSqrt_,
  zerosLike,
} from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { countSteps, descent, statesOf } from "./lists.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import { choice, flag, fraction, nonNegative } from "./options.ts";
import type { ParamGroup, Params } from "./param-group.ts";
import { type ParamState, stepTensor } from "./saved-state.ts";

// in PyTorch's order
const schema = z.strictObject({
  /** The learning rate, ≥ 0; default 2e-3. */
  lr: nonNegative.default(2e-3),
  /** How much of the averages of the gradient and of its square stays at each step, in [0, 1); default [0.9, 0.999]. */
  betas: z.tuple([fraction, fraction]).default([0.9, 0.999]),
  /** Added where it is divided by a root, against division by 0; default 1e-8. */
  eps: nonNegative.default(1e-8),
  /** How much of the weights is added to their gradient, or taken from them where it is decoupled, ≥ 0; default 0. */
  weightDecay: nonNegative.default(0),
  /** How fast the momentum rises to its value, ≥ 0; default 4e-3. */
  momentumDecay: nonNegative.default(4e-3),
  /** Whether the weights themselves are made smaller, instead of a penalty added to the gradient; default false. */
  decoupledWeightDecay: flag,
  /** Whether to go up instead of down; default false. */
  maximize: flag,
  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice,
  /** Kept in state dicts; without effect here. Default false. */
  capturable: flag,
  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag,
});
const order = ["lr", "betas", "eps", "weightDecay", "momentumDecay", "decoupledWeightDecay"];

export type NAdamFields = z.output<typeof schema>;

/**
 * Adam with Nesterov's momentum (Dozat 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ).
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 2);
 * using optimizer = new torch.optim.NAdam(layer.parameters(), { decoupledWeightDecay: true, weightDecay: 0.01 });
 * console.log(optimizer.defaults.lr, optimizer.defaults.momentumDecay); // → 0.002 0.004
 * ```
 */
export class NAdam extends Optimizer<NAdamFields> {
  protected override readonly scalarStates = ["step", "mu_product"];

  constructor(params: Params<NAdamFields>, ...options: Given<Partial<NAdamFields>>) {
    super("NAdam", schema, params, givenOptions("NAdam", options, order));
  }

  protected override initState(_group: ParamGroup<NAdamFields>, param: Tensor, state: ParamState): void {
    state.step ??= stepTensor(0);
    state.mu_product ??= stepTensor(1);
    state.exp_avg ??= zerosLike(param).keep();
    state.exp_avg_sq ??= zerosLike(param).keep();
  }

  protected override update(group: ParamGroup<NAdamFields>, updates: readonly Update[]): void {
    const { lr, eps, maximize, weightDecay, momentumDecay, decoupledWeightDecay: decoupled } = group;
    const [beta1, beta2] = group.betas;
    const params = updates.map(({ param }) => param);
    const means = statesOf(updates, "exp_avg");
    const squares = statesOf(updates, "exp_avg_sq");
    const products = statesOf(updates, "mu_product");

    const steps = countSteps(updates);
    const grads = descent(updates, { maximize, weightDecay: decoupled ? 0 : weightDecay });
    if (decoupled && weightDecay !== 0) _foreachMul_(params, 1 - lr * weightDecay);
    const momentum = (t: number) => beta1 * (1 - 0.5 * 0.96 ** (t * momentumDecay));
    const now = steps.map(momentum);
    const next = steps.map((t) => momentum(t + 1));
    _foreachMul_(products, now);
    const before = products.map((product) => product.item());

    _foreachLerp_(means, grads, 1 - beta1);
    _foreachMul_(squares, beta2);
    _foreachAddcmul_(squares, grads, grads, 1 - beta2);
    const denominators = _foreachDiv(
      squares,
      steps.map((t) => 1 - beta2 ** t),
    );
    _foreachSqrt_(denominators);
    _foreachAdd_(denominators, eps);
    // the gradient of now and the average of the next step, each with the products of all momenta until then
    const ofGrads = now.map((mu, i) => (-lr * (1 - mu)) / (1 - (before[i] ?? 0)));
    const ofMeans = next.map((mu, i) => (-lr * mu) / (1 - (before[i] ?? 0) * mu));
    _foreachAddcdiv_(params, grads, denominators, ofGrads);
    _foreachAddcdiv_(params, means, denominators, ofMeans);
  }
}
