import * as torch from "../torch/index.ts";

/**
 * Copies of tensors as they are, by name, so that they can be put back or compared: of the buffers of a model before a step
 * (one batch with NaN would stay in the statistics of BatchNorm for ever), or of its weights before a validation.
 */
export class TensorSnapshot implements Disposable {
  readonly #saved: readonly (readonly [name: string, tensor: torch.Tensor, copy: torch.Tensor])[];

  constructor(tensors: Iterable<readonly [name: string, tensor: torch.Tensor]>) {
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    this.#saved = [...tensors].map(([name, tensor]) => [name, tensor, tensor.detach().clone().keep()] as const);
  }

  /** The copies by name; they are the snapshot's. */
  get copies(): Map<string, torch.Tensor> {
    return new Map(this.#saved.map(([name, , copy]) => [name, copy]));
  }

  restore(): void {
    using _grad = torch.noGrad();
    for (const [, tensor, copy] of this.#saved) tensor.copy_(copy);
  }

  /** The names of those that are not as they were, NaN being as NaN. */
  changed(): string[] {
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    const isSame = (a: torch.Tensor, b: torch.Tensor) =>
      torch.equal(a, b) ||
      a
        .eq(b)
        .logicalOr(a.ne(a).logicalAnd(b.ne(b)))
        .all()
        .item() !== 0;
    return this.#saved.flatMap(([name, tensor, copy]) => (isSame(tensor, copy) ? [] : [name]));
  }

  [Symbol.dispose](): void {
    for (const [, , copy] of this.#saved) copy.dispose();
  }
}
