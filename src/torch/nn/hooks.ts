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
export class Hooks<M extends object> {
  readonly #before = new Set<PreHook<M>>();
  readonly #after = new Set<PostHook<M>>();
  readonly #backward = new Set<GradientHook<M>>();

  get any(): boolean {
    return this.#before.size > 0 || this.#after.size > 0 || this.#backward.size > 0;
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
      let output = forward(seen);
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
