import { _foreachAdd, _foreachAdd_, _foreachNeg } from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import type { Update } from "./optimizer.ts";
import type { ParamState } from "./saved-state.ts";

/** One named state of every parameter. */
export function statesOf(updates: readonly Update[], name: string): Tensor[] {
  return updates.map(({ state }) => need(state, name));
}

/** A state that `initState` has made; a state dict of another optimizer may lack it. */
export function need(state: ParamState, name: string): Tensor {
  const tensor = state[name];
  if (tensor === undefined)
    throw new Error(`The optimizer's state lacks '${name}': was the state of another optimizer loaded?`);
  return tensor;
}

/** Counts the step in every state and returns the counts. */
export function countSteps(updates: readonly Update[]): number[] {
  const steps = statesOf(updates, "step");
  _foreachAdd_(steps, 1);
  return steps.map((step) => step.item());
}

/** The gradients to descend along: negated to maximize, with the L2 penalty added. */
export function descent(
  updates: readonly Update[],
  { maximize, weightDecay }: { maximize: boolean; weightDecay: number },
): Tensor[] {
  const raw = updates.map(({ grad }) => grad);
  const params = updates.map(({ param }) => param);
  if (maximize) {
    const grads = _foreachNeg(raw);
    if (weightDecay !== 0) _foreachAdd_(grads, params, { alpha: weightDecay });
    return grads;
  }
  if (weightDecay !== 0) return _foreachAdd(raw, params, { alpha: weightDecay });
  return raw;
}
