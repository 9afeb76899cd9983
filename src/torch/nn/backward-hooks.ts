import { show } from "../../utils/config.ts";
import { isGradEnabled } from "../autograd.ts";
import { defineFunction } from "../function.ts";
import * as ops from "../ops.ts";
import { Tensor } from "../tensor.ts";

export type Gradients = readonly (Tensor | null)[];
/** Sees the gradients of a module's inputs and outputs; a list that it returns replaces those of the inputs. */
type Hook = (gradInputs: Gradients, gradOutputs: Gradients) => Gradients | undefined;

/**
 * Runs a module between two functions that change nothing, and whose backward passes see the gradients: first those of
 * the outputs, then, when the module's own backward pass is through, those of the inputs.
 *
 * @param run the module's computation; it gets its inputs in place of those given
 */
export function observeBackward(
  name: string,
  inputs: readonly unknown[],
  run: (inputs: readonly unknown[]) => unknown,
  hook: Hook,
): unknown {
  if (!isGradEnabled()) return run(inputs);
  let gradOutputs: Gradients = [];
  const places = inputs.flatMap((input, i) => (input instanceof Tensor && input.requiresGrad ? [i] : []));
  const called = (gradients: Gradients): Gradients => {
    const all = inputs.map((_, i) => gradients[places.indexOf(i)] ?? null);
    try {
      const replaced = hook(all, gradOutputs);
      if (replaced === undefined) return gradients;
      if (replaced.length !== all.length) {
        throw new TypeError(`${name}: a backward hook returned ${replaced.length} gradients for ${all.length} inputs.`);
      }
      return places.map((i) => replaced[i] ?? null);
    } finally {
      for (const gradient of gradOutputs) gradient?.dispose();
      gradOutputs = [];
    }
  };

  using owned = new DisposableStack();
  const seen = [...inputs];
  const observed = unchanged(`${name}BackwardHook`, tensorsAt(inputs, places), called);
  for (const [i, tensor] of observed.entries()) seen[places[i] ?? 0] = owned.use(tensor);

  const output = run(seen);
  const list: readonly unknown[] = Array.isArray(output) ? output : [output];
  const outPlaces = list.flatMap((each, i) => (each instanceof Tensor && each.requiresGrad ? [i] : []));
  if (outPlaces.length === 0) {
    if (list.some((each) => each instanceof Tensor || each === null)) return output;
    throw new TypeError(`${name}: backward hooks need an output of tensors, got ${show(output)}.`);
  }
  const results = [...list];
  const given = tensorsAt(list, outPlaces);
  const out = unchanged(`${name}BackwardHook`, given, (gradients) => {
    for (const gradient of gradOutputs) gradient?.dispose();
    gradOutputs = list.map((_, i) => gradients[outPlaces.indexOf(i)]?.alias().keep() ?? null);
    // no gradient will arrive at the inputs
    if (places.length === 0) called([]);
    return gradients;
  });
  for (const [i, tensor] of out.entries()) results[outPlaces[i] ?? 0] = tensor;
  // what the module made is replaced; what it was given is the caller's
  for (const tensor of given) if (!inputs.includes(tensor)) tensor.dispose();
  return Array.isArray(output) ? results : results[0];
}

function tensorsAt(values: readonly unknown[], places: readonly number[]): Tensor[] {
  return places.flatMap((i) => {
    const value = values[i];
    return value instanceof Tensor ? [value] : [];
  });
}

/** The same tensors as new objects, behind a function whose backward pass is `backward`. */
function unchanged(name: string, tensors: readonly Tensor[], backward: (gradients: Gradients) => Gradients): Tensor[] {
  if (tensors.length === 0) return [];
  const identity = defineFunction({
    name,
    forward: (_ctx, ...xs: readonly Tensor[]): readonly Tensor[] => xs.map((x) => ops.detach(x)),
    backward: (_ctx, ...gradients) => backward(gradients),
  });
  return [...identity(...tensors)];
}
