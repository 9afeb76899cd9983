import type { Model } from "../models/index.ts";
import * as torch from "../torch/index.ts";
import type { GradientSum } from "./gradient-sum.ts";

const { partsOfSize, Shards } = torch.nn.parallel;

/** The weights of a model, sharded by those of its parts that are large enough. */
export function shardsOf(group: torch.distributed.ProcessGroup, model: Model): torch.nn.parallel.Shards {
  return new Shards(group, model, partsOfSize(model), { average: false });
}

/** Sums of gradients of which each process has those of its shard, in every backward pass. */
export class SumOfShards implements GradientSum {
  readonly #shards: torch.nn.parallel.Shards;

  constructor(shards: torch.nn.parallel.Shards) {
    this.#shards = shards;
  }
  prepare(): void {}
  async finish(): Promise<void> {}
  async explain(error: unknown): Promise<unknown> {
    return await this.#shards.explain(error);
  }
  [Symbol.dispose](): void {}
}
