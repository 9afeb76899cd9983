import { show } from "../utils/config.ts";
import { isGradEnabled, noGrad } from "./autograd.ts";
import { type Handle, native } from "./native.ts";
import { scope } from "./scope.ts";
import { Tensor } from "./tensor.ts";

/** What the forward pass of a {@link Function} hands to its backward pass. */
export class FunctionContext {
  #saved: readonly Tensor[] = [];
  #restored: readonly Tensor[] | null = null;
  /** Which of the inputs want a gradient; the others may get null. */
  readonly needsInputGrad: readonly boolean[];
  /** For values that are no tensors. */
  data: unknown = undefined;

  constructor(needsInputGrad: readonly boolean[]) {
    this.needsInputGrad = needsInputGrad;
  }

  /**
   * Keeps tensors for the backward pass, inputs and outputs among them. The graph owns them, and frees them with itself.
   * What is no tensor is kept in `data`.
   */
  saveForBackward(...tensors: Tensor[]): void {
    this.#saved = tensors;
  }
  /** What was saved, in its order. In `backward` only. */
  get savedTensors(): readonly Tensor[] {
    if (this.#restored === null) throw new TypeError("savedTensors are there in backward only.");
    return this.#restored;
  }
  /** For the machinery below. */
  takeSaved(): readonly Tensor[] {
    const saved = this.#saved;
    this.#saved = [];
    return saved;
  }
  restore(tensors: readonly Tensor[] | null): void {
    this.#restored = tensors;
  }
}

/** The two passes of a function: how it is computed, and how gradients of its outputs become gradients of its inputs. */
export interface FunctionDefinition<I extends readonly Tensor[], O extends Tensor | readonly Tensor[]> {
  /** For messages and `gradFn`. */
  readonly name: string;
  /**
   * Runs without gradients, and in a scope: tensors that it makes and neither returns nor saves are disposed. Its results
   * must be new tensors, not its inputs.
   */
  forward(ctx: FunctionContext, ...inputs: I): O;
  /**
   * One gradient for each input, in their order; null where there is none. A gradient of an output may be null, too. Runs
   * in a scope: to take a tensor out of it, `keep()` it.
   */
  backward(ctx: FunctionContext, ...gradients: (Tensor | null)[]): Tensor | null | readonly (Tensor | null)[];
}

/**
 * A function with a gradient of one's own, as `torch.autograd.Function` in PyTorch.
 *
 * Gradients of gradients work where `backward` is made of differentiable operators. On a GPU, backward passes run on
 * threads that JavaScript cannot be called on: CPU tensors only.
 * @example
 * ```ts
 * const square = torch.autograd.defineFunction({
 *   name: "Square",
 *   forward(ctx, x: torch.Tensor) {
 *     ctx.saveForBackward(x);
 *     return x.mul(x);
 *   },
 *   backward(ctx, gradient) {
 *     const [x] = ctx.savedTensors;
 *     return gradient && x ? gradient.mul(x).mul(2) : null;
 *   },
 * });
 * using scope = torch.scope();
 * const x = torch.tensor(3).requiresGrad_();
 * const y = square(x);
 * y.backward();
 * console.log(y.item(), x.grad?.item()); // → 9 6
 * ```
 */
export function defineFunction<I extends readonly Tensor[], O extends Tensor | readonly Tensor[]>(
  definition: FunctionDefinition<I, O>,
): (...inputs: I) => O {
  return (...inputs) => {
    // what forward makes besides its results goes with the scope; what it saved is the graph's by then
    using own = scope();
    const needs = inputs.map((input) => input.requiresGrad);
    const ctx = new FunctionContext(needs);
    const made = noGrad(() => definition.forward(ctx, ...inputs));
    const outputs: readonly Tensor[] = made instanceof Tensor ? [made] : made;
    const saved = ctx.takeSaved();
    if (!isGradEnabled() || !needs.includes(true)) {
      own.keep(outputs);
      return made;
    }
    refuseInputs(definition.name, inputs, outputs);
    const attached = native
      .attachBackward(
        definition.name,
        handles(inputs),
        handles(outputs),
        handles(saved),
        (gradients, kept): (Handle | null)[] => backwardOf(definition, ctx, inputs.length, gradients, kept),
      )
      .map((handle) => new Tensor(handle));
    own.keep(attached);
    // as many as there were, in the same shape: one, or an array
    return (made instanceof Tensor ? attached[0] : attached) as O;
  };
}

function handles(tensors: readonly Tensor[]): Handle[] {
  return tensors.map((tensor) => tensor.handleFor("defineFunction"));
}

function refuseInputs(name: string, inputs: readonly Tensor[], outputs: readonly Tensor[]): void {
  const given = new Set(inputs.map((input) => input.tensorId()));
  if (outputs.every((output) => !given.has(output.tensorId()))) return;
  throw new TypeError(`${name}: forward returned one of its inputs. Return x.clone(), or another new tensor.`);
}

function backwardOf(
  { name, backward }: Pick<FunctionDefinition<readonly Tensor[], Tensor | readonly Tensor[]>, "name" | "backward">,
  ctx: FunctionContext,
  count: number,
  gradients: readonly (Handle | null)[],
  kept: readonly Handle[],
): (Handle | null)[] {
  using _ = scope();
  const given = gradients.map((handle) => (handle === null ? null : new Tensor(handle)));
  const saved = kept.map((handle) => new Tensor(handle));
  ctx.restore(saved);
  try {
    const result = backward(ctx, ...given);
    const list: readonly (Tensor | null)[] = result === null || result instanceof Tensor ? [result] : result;
    if (list.length !== count) {
      throw new TypeError(`${name}: backward returned ${list.length} gradients for ${count} inputs.`);
    }
    return list.map((gradient) => {
      if (gradient === null) return null;
      // a handle of its own, which libtorch takes: the tensor may be the user's to keep
      if (gradient instanceof Tensor) return native.alias(gradient.handleFor(name));
      throw new TypeError(`${name}: backward returned ${show(gradient)}. Expected a Tensor or null for each input.`);
    });
  } finally {
    ctx.restore(null);
  }
}
