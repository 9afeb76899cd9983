import { scope, type Tensor } from "../torch/index.ts";

/** Tensors that would go into a model, by the model's names. */
export type Copies = readonly (readonly [name: string, target: Tensor, source: Tensor])[];

const SHOWN = 5;

/**
 * What is wrong with weights that could be copied, but not learnt from: whole or complex numbers in the place of floats, and NaN.
 * @returns null when all is well.
 */
export function wrongValues(path: string, copies: Copies): string | null {
  const floats = copies.filter(([, target]) => target.isFloatingPoint());
  const others = floats.filter(([, , source]) => !source.isFloatingPoint());
  if (others.length > 0) {
    return `The weights of ${path} are no floating-point numbers; nothing was loaded. ${listed(others.map(([name, , { dtype }]) => `${name} is ${dtype}`))}. Of a quantised network, save the weights before it is quantised.`;
  }
  const unknown = floats.filter(([, , source]) => {
    using _scope = scope();
    return source.isnan().any().item() !== 0;
  });
  if (unknown.length === 0) return null;
  return `The weights of ${path} hold NaN; nothing was loaded: ${listed(unknown.map(([name]) => name))}. The training that saved them had failed: take an earlier checkpoint of it.`;
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, SHOWN).join(", ")}${names.length > SHOWN ? `, and ${names.length - SHOWN} more` : ""}`;
}
