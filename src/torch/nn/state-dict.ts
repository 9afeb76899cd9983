/** Copying saved tensors into a module. */
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { noGrad } from "../autograd.ts";
import * as ops from "../ops.ts";
import { Tensor } from "../tensor.ts";
import { pySize } from "./format.ts";

/** Tensors by key: what `stateDict()` and `torch.load` give. */
export type StateDict = ReadonlyMap<string, unknown> | Readonly<Record<string, unknown>>;

/** Keys that the module has and the state dict lacks, and the reverse. */
export interface IncompatibleKeys {
  readonly missingKeys: readonly string[];
  readonly unexpectedKeys: readonly string[];
}

/**
 * A state dict does not fit the module.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 2);
 * using other = new torch.nn.Linear(3, 2);
 * try {
 *   layer.loadStateDict(other.stateDict());
 * } catch (error) {
 *   console.log(error instanceof torch.nn.StateDictError); // → true
 * }
 * ```
 */
export class StateDictError extends ClinicaDLException {}

/** Keys that a module may lack in a state dict: it then keeps what it has. */
export const optionalKeys: unique symbol = Symbol("optionalKeys");

/** What is filled of a module. */
interface StateHolder {
  /** Its own parameters and persistent buffers, without those of children. */
  localState(): ReadonlyMap<string, Tensor>;
  localModules(): ReadonlyMap<string, StateHolder>;
  readonly [optionalKeys]?: readonly string[];
}

interface Findings {
  readonly missing: string[];
  readonly unexpected: string[];
  readonly errors: string[];
  readonly copies: [Tensor, Tensor][];
}

/** See `Module.loadStateDict`. */
export function loadStateDict(
  root: StateHolder,
  given: StateDict,
  options: { readonly strict?: boolean },
): IncompatibleKeys {
  const { strict = true } = options;
  const state: ReadonlyMap<string, unknown> = given instanceof Map ? given : new Map(Object.entries(given));
  const found: Findings = { missing: [], unexpected: [], errors: [], copies: [] };
  compare(root, state, [...state.keys()], "", found);
  const errors = [...found.errors];
  if (strict) {
    if (found.unexpected.length > 0) errors.unshift(`Unexpected key(s) in state_dict: ${quoted(found.unexpected)}. `);
    if (found.missing.length > 0) errors.unshift(`Missing key(s) in state_dict: ${quoted(found.missing)}. `);
  }
  if (errors.length > 0) {
    throw new StateDictError(`Error(s) in loading state_dict for ${root.constructor.name}:\n\t${errors.join("\n\t")}`);
  }
  using _ = noGrad();
  for (const [target, source] of found.copies) ops.copy_(target, source);
  return { missingKeys: found.missing, unexpectedKeys: found.unexpected };
}

function quoted(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(", ");
}

function compare(
  module: StateHolder,
  state: ReadonlyMap<string, unknown>,
  keys: readonly string[],
  prefix: string,
  found: Findings,
): void {
  const local = module.localState();
  const children = module.localModules();
  const optional = module[optionalKeys] ?? [];
  for (const [name, target] of local) {
    const key = prefix + name;
    const source = state.get(key);
    if (!state.has(key)) {
      if (!optional.includes(name)) found.missing.push(key);
    } else if (!(source instanceof Tensor)) {
      found.errors.push(
        `While copying the parameter named "${key}", expected a Tensor from checkpoint but received ${typeof source}`,
      );
    } else if (!sameShape(source, target)) {
      found.errors.push(
        `size mismatch for ${key}: copying a param with shape ${pySize(source.shape)} from checkpoint, the shape in current model is ${pySize(target.shape)}.`,
      );
    } else found.copies.push([target, source]);
  }
  for (const key of keys) {
    const rest = key.slice(prefix.length);
    const dot = rest.indexOf(".");
    if (dot < 0 ? !local.has(rest) : !children.has(rest.slice(0, dot))) found.unexpected.push(key);
  }
  for (const [name, child] of children) {
    const childPrefix = `${prefix}${name}.`;
    compare(
      child,
      state,
      keys.filter((key) => key.startsWith(childPrefix)),
      childPrefix,
      found,
    );
  }
}

function sameShape(a: Tensor, b: Tensor): boolean {
  const [left, right] = [a.shape, b.shape];
  return left.length === right.length && left.every((n, i) => n === right[i]);
}
