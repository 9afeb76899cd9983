import type { Model } from "../models/index.ts";
import * as torch from "../torch/index.ts";
import type { Compression, GradientSum } from "./gradient-sum.ts";
import type { World } from "./world.ts";

/** Sums gradients after the backward pass, whatever gave them. */
export class SumAfterBackward implements GradientSum {
  readonly #world: World;
  readonly #model: Model;
  readonly #compression: Compression;

  constructor(world: World, model: Model, compression: Compression) {
    this.#world = world;
    this.#model = model;
    this.#compression = compression;
  }
  prepare(): void {}

  async finish(): Promise<void> {
    const gradients = [...this.#model.parameters()].map((parameter) => ({ parameter, has: hasGradient(parameter) }));
    const used = await this.#world.gather(gradients.map(({ has }) => has));
    // no scope outlives a wait, so these are disposed by hand
    using sums = new DisposableStack();
    const shared: torch.Tensor[] = [];
    for (const [i, { parameter, has }] of gradients.entries()) {
      if (!used.some((flags) => flags[i] === true)) continue;
      if (!has) {
        using zeros = torch.zerosLike(parameter).keep();
        parameter.grad = zeros;
      }
      const { grad } = parameter;
      if (grad !== null) shared.push(sums.use(grad));
    }
    await this.#sum(shared);
  }

  async #sum(gradients: readonly torch.Tensor[]): Promise<void> {
    const dtype = this.#compression;
    if (dtype === null) return await this.#world.allReduce(gradients);
    using sent = new DisposableStack();
    const copies = gradients.map((gradient) => sent.use(torch.tidy(() => gradient.to({ dtype })).keep()));
    await this.#world.allReduce(copies);
    using _grad = torch.noGrad();
    for (const [i, gradient] of gradients.entries()) {
      const { [i]: copy } = copies;
      if (copy !== undefined) gradient.copy_(copy);
    }
  }

  async explain(error: unknown): Promise<unknown> {
    return error;
  }
  [Symbol.dispose](): void {}
}

function hasGradient(parameter: torch.Tensor): boolean {
  using grad = parameter.grad;
  return grad !== null;
}
