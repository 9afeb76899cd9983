import type { Model } from "../models/index.ts";
import * as torch from "../torch/index.ts";

/**
 * Copies of the buffers of a model (the running statistics of BatchNorm, and all others), so that they can be put back:
 * one batch with NaN would stay in them for ever, and make all that the model gives in evaluation NaN.
 */
export class BufferSnapshot implements Disposable {
  readonly #saved: readonly (readonly [buffer: torch.Tensor, copy: torch.Tensor])[];

  constructor(model: Model) {
    using scope = torch.scope();
    using _grad = torch.noGrad();
    this.#saved = [...model.buffers()].map((buffer) => [buffer, buffer.clone()] as const);
    scope.keep(this.#saved.map(([, copy]) => copy));
  }

  restore(): void {
    using _grad = torch.noGrad();
    for (const [buffer, copy] of this.#saved) buffer.copy_(copy);
  }

  [Symbol.dispose](): void {
    for (const [, copy] of this.#saved) copy.dispose();
  }
}
