import { ClinicaDLException } from "../utils/exceptions.ts";
import { type Handle, native } from "./native.ts";
import { madeOutside, takenCareOf } from "./outside.ts";
import { enterScopeOf, type Scope } from "./scope.ts";

/**
 * A tensor was used after its memory was given back.
 * @example
 * ```ts
 * const x = torch.ones([2]);
 * x.dispose();
 * try {
 *   x.sum();
 * } catch (error) {
 *   console.log(error instanceof torch.DisposedTensorError); // → true
 * }
 * ```
 */
export class DisposedTensorError extends ClinicaDLException {}

/** The net below ownership: a tensor that nobody disposed is freed when the garbage collector finds it. */
const forgotten = new FinalizationRegistry<Handle>((handle) => native.dispose(handle));

/**
 * Who gives the memory of a tensor back, and when: a scope, whoever disposes it, another thread that takes it over, or at last the garbage
 * collector.
 */
export class OwnedHandle implements Disposable {
  #handle: Handle;
  /** Whether it was made outside of scopes, and is neither kept nor disposed. */
  #outside = false;
  /** The scope that disposes this tensor at its end; null when it is kept. Managed by `scope.ts`. */
  scope: Scope | null = null;
  /** Whether `keep()` took it out of all scopes. */
  kept = false;

  /** Takes ownership of a native handle. Use `torch.tensor` and its kin to make tensors. */
  constructor(handle: Handle) {
    this.#handle = handle;
    if (enterScopeOf(this)) return;
    forgotten.register(this, handle, this);
    this.#outside = true;
    madeOutside();
  }

  /** The native handle; throws when disposed, naming the operator that wanted it. */
  handleFor(operator: string): Handle {
    if (this.#handle < 0) {
      throw new DisposedTensorError(
        `${operator}: a tensor was used after it had been disposed. Keep it with scope.keep(t) or t.keep(), or dispose it later.`,
      );
    }
    return this.#handle;
  }

  /**
   * Whether the memory has been given back.
   * @example
   * ```ts
   * const x = torch.ones([2]);
   * x.dispose();
   * console.log(x.disposed); // → true
   * ```
   */
  get disposed(): boolean {
    return this.#handle < 0;
  }

  /**
   * Gives the memory back now. Doing so twice is harmless.
   * @example
   * ```ts
   * const x = torch.ones([2]);
   * x.dispose(); // or `using x`, which does it at the end of the block
   * x.dispose();
   * console.log(x.disposed); // → true
   * ```
   */
  dispose(): void {
    if (this.#handle < 0) return;
    this.#leaveNet();
    native.dispose(this.#handle);
    this.#handle = -1;
    this.#takenCareOf();
  }

  /** Leaves the disposal of its handle, if it has one, to whoever called: with those of a scope it is one call. For `scope.ts`. */
  disposeWith(handles: Handle[]): void {
    if (this.#handle < 0) return;
    handles.push(this.#handle);
    this.#leaveNet();
    this.#handle = -1;
  }

  /** What is in a scope was never in the net. */
  #leaveNet(): void {
    if (this.scope === null) forgotten.unregister(this);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Hands the native handle over with `take`; this object is then as good as disposed. For moves between threads. */
  surrender<T>(operator: string, take: (handle: Handle) => T): T {
    const taken = take(this.handleFor(operator));
    this.#leaveNet();
    this.#handle = -1;
    this.#takenCareOf();
    return taken;
  }

  #takenCareOf(): void {
    if (this.#outside) takenCareOf();
    this.#outside = false;
  }

  /**
   * Takes the tensor out of every scope: it lives until it is disposed. Returns itself.
   * @example
   * ```ts
   * using x = torch.tidy(() => {
   *   const inner = torch.ones([2]).keep();
   *   inner.mul(2); // goes with the end of it
   *   return inner;
   * });
   * console.log(x.disposed); // → false
   * ```
   */
  keep(): this {
    this.leaveScope();
    this.kept = true;
    this.#takenCareOf();
    return this;
  }
  /** Makes it a tensor that was made outside of scopes: whoever receives it disposes it. For `scope.ts`. */
  leaveScope(): void {
    if (this.scope !== null) forgotten.register(this, this.handleFor("keep"), this);
    this.scope = null;
  }
}
