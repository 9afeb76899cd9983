/** What comes after what, where the same things happen in the same order again and again. */
export class Order<T> {
  readonly #next = new Map<T, T>();
  #last: T | null = null;

  /** One of them happens. @returns what came after it the last time; null: it is not known yet. */
  after(one: T): T | null {
    if (this.#last !== null) this.#next.set(this.#last, one);
    this.#last = one;
    return this.#next.get(one) ?? null;
  }

  /** They begin anew. */
  begin(): void {
    this.#last = null;
  }
}
