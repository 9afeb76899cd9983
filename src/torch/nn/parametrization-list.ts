import { noGrad } from "../autograd.ts";
import { scope } from "../scope.ts";
import { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

/** A module that computes a tensor from a parameter, or from several. */
export interface Parametrization extends Module<Tensor[], Tensor> {
  /** The parameter, or parameters, from which `forward` gives this value: for the first value, and for what is assigned. */
  rightInverse?(value: Tensor): Tensor | readonly Tensor[];
}

/**
 * What a parametrised tensor is computed from: `original` (or `original0`, `original1`, …, where the first parametrisation
 * takes several), and the parametrisations "0", "1", …, of which each gets what the one before gave.
 * @example
 * ```ts
 * using layer = torch.nn.utils.parametrizations.weightNorm(new torch.nn.Linear(4, 2));
 * const list = layer.getSubmodule("parametrizations.weight");
 * console.log(list instanceof torch.nn.utils.parametrize.ParametrizationList); // → true
 * ```
 */
export class ParametrizationList extends Module<[], Tensor> {
  /** Whether the parametrised tensor may have another shape or dtype than the original. */
  unsafe: boolean;
  readonly #steps: Parametrization[] = [];
  readonly #originals: Parameter[] = [];
  readonly #isSingle: boolean;

  constructor(steps: readonly Parametrization[], original: Parameter, unsafe: boolean) {
    super();
    this.unsafe = unsafe;
    using _ = noGrad();
    using _scope = scope();
    const found = invert(steps, original);
    this.#isSingle = found instanceof Tensor;
    if (found instanceof Tensor) {
      take(original, found);
      this.#originals.push(original);
      this.registerParameter("original", original);
    } else {
      for (const [i, each] of found.entries()) {
        const parameter = new Parameter(copyOf(each), original.requiresGrad);
        this.#originals.push(parameter);
        this.registerParameter(`original${i}`, parameter);
      }
    }
    for (const step of steps) this.append(step);
  }

  append(step: Parametrization): void {
    this.addModule(String(this.#steps.length), step);
    this.#steps.push(step);
  }

  get steps(): readonly Parametrization[] {
    return this.#steps;
  }

  /** The one parameter that it is computed from; null where there are several. */
  get single(): Parameter | null {
    return this.#isSingle ? (this.#originals[0] ?? null) : null;
  }

  get originals(): readonly Parameter[] {
    return this.#originals;
  }

  /** Disposes what `call` gave, unless that is an original, or kept elsewhere. */
  drop(computed: Tensor): void {
    if (!this.#originals.some((original) => original === computed)) computed.dispose();
  }

  override forward(): Tensor {
    let value: Tensor | null = null;
    for (const step of this.#steps) {
      const next: Tensor = step.call(...(value === null ? this.#originals : [value]));
      if (value !== null && value !== next && !value.kept) value.dispose();
      value = next;
    }
    if (value === null) throw new TypeError("ParametrizationList: there is no parametrization.");
    return value;
  }

  /** Sets the originals so that the tensor becomes `value`, as far as the parametrisations can tell how. */
  assign(value: Tensor): void {
    for (const step of this.#steps) {
      if (step.rightInverse === undefined)
        throw new TypeError(
          `parametrization ${step.constructor.name} has no rightInverse: its tensor cannot be assigned.`,
        );
    }
    using _ = noGrad();
    using _scope = scope();
    const found = invert(this.#steps, value);
    const all = found instanceof Tensor ? [found] : found;
    if (all.length !== this.#originals.length)
      throw new RangeError(
        `rightInverse gave ${all.length} tensors, and there are ${this.#originals.length} originals.`,
      );
    for (const [i, original] of this.#originals.entries()) take(original, all[i] ?? original);
  }
}

/** A step that does not say how it is undone is left out. */
function invert(steps: readonly Parametrization[], value: Tensor): Tensor | readonly Tensor[] {
  let current: Tensor | readonly Tensor[] = value;
  for (const step of steps.toReversed()) {
    if (!(current instanceof Tensor)) throw new TypeError("only the first parametrization may be of several tensors.");
    current = step.rightInverse?.(current) ?? current;
  }
  return current;
}

/** The parameter stays the same object, so that its optimizer keeps it. */
function take(parameter: Parameter, value: Tensor): void {
  if (value === (parameter as Tensor)) return;
  if (value.dtype !== parameter.dtype)
    throw new TypeError(`rightInverse gave ${value.dtype}, and the original is ${parameter.dtype}.`);
  using copy = copyOf(value);
  parameter.setData(copy);
}

/** Its numbers, without its history. */
export function copyOf(tensor: Tensor): Tensor {
  using detached = tensor.detach();
  return detached.clone();
}
