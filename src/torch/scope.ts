/**
 * Scopes: everything made in one is disposed at its end, unless kept.
 *
 *     using scope = torch.scope();
 *     const loss = scope.keep(model.call(x).sum()); // lives on in the enclosing scope, or by itself
 *
 * A scope belongs to its thread and is synchronous: do not `await` inside one.
 */
import { type Handle, native } from "./native.ts";
import { refusePromise } from "./regions.ts";

/** What a scope disposes: a tensor. */
interface Scoped {
  scope: Scope | null;
  leaveScope(): void;
  disposeWith(handles: Handle[]): void;
}

let current: Scope | null = null;

/**
 * What owns the tensors that are made while it is open, and disposes them at its end.
 * @example
 * ```ts
 * using scope = new torch.Scope();
 * const x = torch.ones([2]);
 * scope.end();
 * console.log(x.disposed); // → true
 * ```
 */
export class Scope implements Disposable {
  readonly #parent: Scope | null;
  #tensors: Scoped[] = [];
  #ended = false;

  constructor() {
    this.#parent = current;
    current = this;
  }

  add(tensor: Scoped): void {
    this.#tensors.push(tensor);
  }

  /** Moves a tensor of this scope to the enclosing one; where there is none, it lives until it is disposed. */
  keep<T extends Scoped | readonly Scoped[]>(kept: T): T {
    const given: Scoped | readonly Scoped[] = kept;
    for (const tensor of isList(given) ? given : [given]) {
      if (tensor.scope !== this) continue;
      if (this.#parent === null) tensor.leaveScope();
      else {
        tensor.scope = this.#parent;
        this.#parent.add(tensor);
      }
    }
    return kept;
  }

  /** Disposes what is left in the scope. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const inOrder = current === this;
    if (inOrder) current = this.#parent;
    const handles: Handle[] = [];
    for (const tensor of this.#tensors) if (tensor.scope === this) tensor.disposeWith(handles);
    this.#tensors = [];
    if (handles.length > 0) native.disposeAll(handles);
    if (!inOrder) {
      throw new Error(
        "torch.scope: a scope ended while a later one was open. Scopes are synchronous: do not await inside one.",
      );
    }
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

function isList(kept: Scoped | readonly Scoped[]): kept is readonly Scoped[] {
  return Array.isArray(kept);
}

/**
 * Opens a scope on this thread; `using scope = torch.scope()` ends it with the block.
 * @example
 * ```ts
 * function variance(x: torch.Tensor): torch.Tensor {
 *   using scope = torch.scope();
 *   return scope.keep(x.sub(x.mean()).square().mean()); // the others go
 * }
 * using x = torch.tensor([1, 3]);
 * using y = variance(x);
 * console.log(y.item()); // → 1
 * ```
 */
export function scope(): Scope {
  return new Scope();
}

/**
 * Runs `body` in a scope; the tensor, or array of tensors, that it returns is kept.
 * @example
 * ```ts
 * using x = torch.tensor([1, 3]);
 * using y = torch.tidy(() => x.sub(x.mean()).square().mean());
 * console.log(y.item()); // → 1
 * ```
 */
export function tidy<T>(body: () => T): T {
  using own = new Scope();
  const result = refusePromise("tidy", body());
  keepAll(own, result);
  return result;
}

function keepAll(own: Scope, value: unknown): void {
  if (Array.isArray(value)) for (const v of value) keepAll(own, v);
  else if (typeof value === "object" && value !== null && "leaveScope" in value) own.keep(value as Scoped);
}

/** Puts a new tensor in the open scope; false where there is none. */
export function enterScopeOf(tensor: Scoped): boolean {
  if (current === null) return false;
  tensor.scope = current;
  current.add(tensor);
  return true;
}
