import { z } from "zod";
import { ConfigError } from "../../utils/exceptions.ts";
import { type Given, givenOptions } from "../arguments.ts";
import { _foreachAdd, _foreachAdd_, _foreachMul_, _fusedSgd_, emptyLike } from "../ops.ts";
import { canFuse } from "./fused.ts";
import { descent, statesOf } from "./lists.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import { choice, flag, nonNegative } from "./options.ts";
import type { ParamGroup, Params } from "./param-group.ts";

const schema = z.strictObject({
  /** The learning rate, ≥ 0; default 1e-3. */
  lr: nonNegative.default(1e-3),
  /** How much of the last update stays, ≥ 0; default 0. */
  momentum: nonNegative.default(0),
  /** How much of the gradient does not enter the momentum; default 0. */
  dampening: z.number().default(0),
  /** How much of the weights is added to their gradient (AdamW: taken from the weights), ≥ 0; default 0. */
  weightDecay: nonNegative.default(0),
  /** Whether the momentum is Nesterov's; needs `momentum`. Default false. */
  nesterov: flag,
  /** Whether to go up instead of down; default false. */
  maximize: flag,
  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice,
  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag,
  /** Whether one kernel does the whole update; null, the default, lets the library choose. */
  fused: choice,
});

export type SGDFields = z.output<typeof schema>;

/**
 * Stochastic gradient descent, with momentum as PyTorch defines it (v ← μ v + g; θ ← θ − lr v).
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1, { bias: false });
 * torch.nn.init.ones_(layer.weight);
 * using optimizer = new torch.optim.SGD(layer.parameters(), { lr: 0.25, momentum: 0.9 });
 * using x = torch.tensor([[2]]);
 * using loss = layer.call(x);
 * loss.backward();
 * optimizer.step(); // 1 - 0.25 · 2
 * console.log(layer.weight.item()); // → 0.5
 * ```
 */
export class SGD extends Optimizer<SGDFields> {
  constructor(params: Params<SGDFields>, ...options: Given<Partial<SGDFields>>) {
    super("SGD", schema, params, givenOptions("SGD", options, Object.keys(schema.shape)));
    for (const group of this.paramGroups) {
      if (group.nesterov && (group.momentum <= 0 || group.dampening !== 0)) {
        throw new ConfigError("SGD: 'nesterov' needs a momentum above 0 and no dampening.");
      }
    }
  }

  // the first step makes the momentum from the gradient
  protected override initState(): void {}

  protected override update(group: ParamGroup<SGDFields>, updates: readonly Update[]): void {
    if (group.momentum === 0) {
      this.#descend(group, updates, false);
      return;
    }
    const begun = updates.filter(({ state }) => state.momentum_buffer !== undefined);
    const fresh = updates.filter(({ state }) => state.momentum_buffer === undefined);
    for (const { param, state } of fresh) state.momentum_buffer = emptyLike(param).keep();
    if (begun.length > 0) this.#descend(group, begun, false);
    if (fresh.length > 0) this.#descend(group, fresh, true);
  }

  #descend(group: ParamGroup<SGDFields>, updates: readonly Update[], isFirstStep: boolean): void {
    const { lr, momentum, dampening, nesterov, maximize, weightDecay } = group;
    const params = updates.map(({ param }) => param);
    const velocities = momentum === 0 ? [] : statesOf(updates, "momentum_buffer");
    if (canFuse(group, updates, ["momentum_buffer"])) {
      const grads = updates.map(({ grad }) => grad);
      _fusedSgd_(params, grads, velocities, { weightDecay, momentum, lr, dampening, nesterov, maximize, isFirstStep });
      return;
    }
    const grads = descent(updates, group);
    let directions = grads;
    if (momentum !== 0) {
      if (isFirstStep) for (const [i, velocity] of velocities.entries()) velocity.copy_(grads[i] ?? velocity);
      else {
        _foreachMul_(velocities, momentum);
        _foreachAdd_(velocities, grads, { alpha: 1 - dampening });
      }
      directions = nesterov ? _foreachAdd(grads, velocities, { alpha: momentum }) : velocities;
    }
    _foreachAdd_(params, directions, { alpha: -lr });
  }
}
