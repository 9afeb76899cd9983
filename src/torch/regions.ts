/** Settings of a thread that hold in a region of the program, such as grad mode: regions are nested, and end in turn. */

interface Region<T> {
  readonly value: T;
}

/**
 * The result of a synchronous function. What an asynchronous one does after its first `await` would be outside the region.
 * @throws TypeError if it is a promise.
 */
export function refusePromise<T>(name: string, result: T): T {
  if (!(result instanceof Promise)) return result;
  throw new TypeError(
    `torch.${name}: the function is asynchronous, and what it does after its first await would be outside. Use synchronous code inside, and await around it.`,
  );
}

/**
 * One setting. What it was outside comes back when the last region ends, in whatever order they ended, so that a mistake
 * does not leave it changed for good.
 */
export class Regions<T> {
  readonly #name: string;
  readonly #read: () => T;
  readonly #write: (value: T) => void;
  #outside: Region<T> | null = null;
  #open: Region<T>[] = [];

  /** @param name for messages: what a user calls. */
  constructor(name: string, read: () => T, write: (value: T) => void) {
    this.#name = name;
    this.#read = read;
    this.#write = write;
  }

  /**
   * Begins a region; the guard ends it, once: disposing it again is harmless.
   * @param ended called when it has ended.
   * The guard's disposal throws an Error where a later region is still open.
   */
  enter(value: T, ended: () => void = () => {}): Disposable {
    if (this.#open.length === 0) this.#outside = { value: this.#read() };
    const region = { value };
    this.#write(value);
    this.#open.push(region);
    return { [Symbol.dispose]: () => this.#end(region, ended) };
  }

  /** Runs `body`, which must not wait for anything, in a region of its own. */
  run<R>(value: T, body: () => R): R {
    using _ = this.enter(value);
    return refusePromise(this.#name, body());
  }

  #end(region: Region<T>, ended: () => void): void {
    const at = this.#open.indexOf(region);
    if (at < 0) return;
    const inOrder = at === this.#open.length - 1;
    this.#open.splice(at, 1);
    const now = this.#open.at(-1) ?? this.#outside;
    if (now !== null) this.#write(now.value);
    ended();
    if (inOrder) return;
    throw new Error(
      `torch.${this.#name}: a region ended while a later one was open. Regions are synchronous: do not await inside one, and end the one that began last first.`,
    );
  }
}
