import { type Losses, type Model, MultiTaskModel, namedLosses, VanillaModel } from "../models/index.ts";
import * as torch from "../torch/index.ts";
import type { Compression, GradientSum } from "./gradient-sum.ts";

/** Sums gradients while the backward pass goes on, which ends when all processes have the sums. */
export class SumWithinBackward implements GradientSum {
  readonly #group: torch.distributed.ProcessGroup;
  readonly #model: Model;
  readonly #compression: Compression;
  #reducer: torch.distributed.Reducer | null = null;
  /** The parameters of the reducer. */
  #parameters: readonly torch.Tensor[] = [];

  constructor(group: torch.distributed.ProcessGroup, model: Model, compression: Compression) {
    this.#group = group;
    this.#model = model;
    this.#compression = compression;
  }

  /** Whether a model has one backward pass for a batch, which is what can be prepared for. */
  static suits({ backwardStep }: Model): boolean {
    return [VanillaModel.prototype.backwardStep, MultiTaskModel.prototype.backwardStep].includes(backwardStep);
  }

  prepare(losses: Losses): void {
    this.#reducerOf()?.prepareForBackward(Object.values(namedLosses(losses, this.#model)));
  }
  async finish(): Promise<void> {}

  async explain(error: unknown): Promise<unknown> {
    return (await this.#reducer?.explain(error)) ?? this.#group.explain("backward", error);
  }

  /** Of the parameters that learn, which may be others than in the last step. */
  #reducerOf(): torch.distributed.Reducer | null {
    const parameters = [...this.#model.parameters()].filter((parameter) => parameter.requiresGrad);
    const same =
      parameters.length === this.#parameters.length && parameters.every((one, i) => one === this.#parameters[i]);
    if (same) return this.#reducer;
    this[Symbol.dispose]();
    this.#parameters = parameters;
    if (parameters.length === 0) return null;
    this.#reducer = new torch.distributed.Reducer(this.#group, parameters, {
      average: false,
      // heads of several tasks, and what a network does not use of its layers
      findUnusedParameters: true,
      gradientAsBucketView: true,
      compression: this.#compression,
    });
    return this.#reducer;
  }

  [Symbol.dispose](): void {
    this.#reducer?.[Symbol.dispose]();
    this.#reducer = null;
    this.#parameters = [];
  }
}
