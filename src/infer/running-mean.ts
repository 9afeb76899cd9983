import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";

/** The weighted mean and spread of tensors of one shape that come one after the other (West 1979). To be used in a scope. */
export class RunningMean {
  readonly #mean: Tensor;
  readonly #squares: Tensor | null;
  #weight: Tensor | null;
  #passes = 1;

  /** @param first counts fully. */
  constructor(first: Tensor, options: { readonly withSpread: boolean }) {
    this.#mean = first.clone();
    this.#squares = options.withSpread ? torch.zerosLike(first) : null;
    this.#weight = null;
  }

  get shape(): readonly number[] {
    return this.#mean.shape;
  }

  /** @param weight how much each value counts, from 0 to 1, of a shape that broadcasts; null: all of them fully. */
  add(values: Tensor, weight: Tensor | null = null): void {
    using _scope = torch.scope();
    const before = values.sub(this.#mean);
    if (weight === null && this.#weight === null) {
      this.#passes++;
      this.#mean.add_(before.div(this.#passes));
      this.#squares?.add_(before.mul(values.sub(this.#mean)));
      return;
    }
    const own = weight ?? torch.onesLike(values);
    const total = (this.#weight ?? torch.full([], this.#passes, { dtype: values.dtype, device: values.device })).add(
      own,
    );
    this.#mean.add_(before.mul(own).div(total));
    this.#squares?.add_(before.mul(own).mul(values.sub(this.#mean)));
    this.#weight?.dispose();
    this.#weight = total.keep();
  }

  get mean(): Tensor {
    return this.#mean;
  }

  /** The standard deviation (over the passes, not an estimate for others); null where it was not asked for. */
  get spread(): Tensor | null {
    if (this.#squares === null) return null;
    return this.#weight === null ? this.#squares.div(this.#passes).sqrt() : this.#squares.div(this.#weight).sqrt();
  }

  /** Gives back what outlived the scopes of {@link add}. */
  [Symbol.dispose](): void {
    this.#weight?.dispose();
  }
}
