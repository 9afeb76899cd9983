import { checkpoint } from "../checkpoint.ts";
import { Tensor } from "../tensor.ts";
import { type Gradients, observeBackward } from "./backward-hooks.ts";
import { structureChanged } from "./structure.ts";

/** What `register…` gives back; `remove()` undoes the registration. */
export interface HookHandle {
  remove(): void;
}
/** Called before `forward`. @typeParam M what modules are. */
export type PreHook<M> = (module: M, inputs: readonly unknown[]) => readonly unknown[] | undefined;
/** Called after `forward`. */
export type PostHook<M> = (module: M, inputs: readonly unknown[], output: unknown) => unknown;
/** Called in the backward pass. */
export type GradientHook<M> = (module: M, gradInputs: Gradients, gradOutputs: Gradients) => Gradients | undefined;

/** What is called around a module's computation, in the order of registration. */
export class Hooks<M extends object & { parameters(): Iterable<Tensor> }> {
  readonly #before = new Set<PreHook<M>>();
  readonly #after = new Set<PostHook<M>>();
  readonly #backward = new Set<GradientHook<M>>();

  #recomputes = false;

  get any(): boolean {
    return this.#recomputes || this.#before.size > 0 || this.#after.size > 0 || this.#backward.size > 0;
  }

  /** Whether `forward` runs again in the backward pass, which keeps nothing of it until then. */
  get recomputes(): boolean {
    return this.#recomputes;
  }
  set recomputes(value: boolean) {
    this.#recomputes = value;
    structureChanged();
  }

  before(hook: PreHook<M>): HookHandle {
    return added(this.#before, hook);
  }
  after(hook: PostHook<M>): HookHandle {
    return added(this.#after, hook);
  }
  backward(hook: GradientHook<M>): HookHandle {
    return added(this.#backward, hook);
  }

  /** Runs `forward` between them. */
  run(module: M, inputs: readonly unknown[], forward: (inputs: readonly unknown[]) => unknown): unknown {
    let given = inputs;
    for (const hook of this.#before) given = hook(module, given) ?? given;
    const run = (seen: readonly unknown[]): unknown => {
      let output = this.#recomputes ? recomputed(module, seen, forward) : forward(seen);
      for (const hook of this.#after) output = hook(module, seen, output) ?? output;
      return output;
    };
    if (this.#backward.size === 0) return run(given);
    return observeBackward(module.constructor.name, given, run, (gradInputs, gradOutputs) => {
      let current = gradInputs;
      for (const hook of this.#backward) current = hook(module, current, gradOutputs) ?? current;
      return current === gradInputs ? undefined : current;
    });
  }
}

/** `forward`, of which the backward pass runs another time. Inputs that are no tensors are as they were. */
function recomputed<M extends object & { parameters(): Iterable<Tensor> }>(
  module: M,
  inputs: readonly unknown[],
  forward: (inputs: readonly unknown[]) => unknown,
): Tensor {
  const call = (...tensors: readonly Tensor[]): Tensor => {
    const left = tensors.values();
    const output = forward(inputs.map((input) => (input instanceof Tensor ? left.next().value : input)));
    if (output instanceof Tensor) return output;
    throw new TypeError(
      `${module.constructor.name}: a module with 'checkpointing' gives one tensor. Set it on the modules within this one.`,
    );
  };
  const tensors = inputs.filter((input) => input instanceof Tensor);
  return checkpoint({ call, parameters: () => module.parameters() }, ...tensors);
}

function added<H>(hooks: Set<H>, hook: H): HookHandle {
  hooks.add(hook);
  structureChanged();
  return {
    remove() {
      hooks.delete(hook);
      structureChanged();
    },
  };
}
