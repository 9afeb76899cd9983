/** The processes that a launcher started together, as the Trainer sees them. */
import type { Model } from "../models/index.ts";
import * as torch from "../torch/index.ts";
import type { Compression, GradientSum } from "./gradient-sum.ts";
import { SumAfterBackward } from "./sum-after-backward.ts";
import { shardsOf } from "./sum-of-shards.ts";
import { SumWithinBackward } from "./sum-within-backward.ts";
import { SingleProcess, type World } from "./world.ts";

const { distributed } = torch;

/** The processes of a launcher. They meet when the first of them waits for the others. */
class LaunchedWorld implements World {
  readonly rank: number;
  readonly size: number;

  constructor({ rank, worldSize }: torch.distributed.Rendezvous) {
    this.rank = rank;
    this.size = worldSize;
  }
  get isMain(): boolean {
    return this.rank === 0;
  }
  async barrier(): Promise<void> {
    await (await processGroup()).barrier();
  }
  async allReduce(tensors: readonly torch.Tensor[]): Promise<void> {
    await (await processGroup()).allReduce(tensors);
  }
  gradientSum(model: Model, compression: Compression): GradientSum {
    const group = distributed.processGroup();
    if (group !== null && SumWithinBackward.suits(model)) return new SumWithinBackward(group, model, compression);
    return new SumAfterBackward(this, model, compression);
  }
  shards(model: Model): torch.nn.parallel.Shards | null {
    const group = distributed.processGroup();
    return group === null ? null : shardsOf(group, model);
  }
  async shareTensors(tensors: readonly torch.Tensor[]): Promise<void> {
    const group = await processGroup();
    for (const tensor of tensors) await group.broadcast(tensor, 0);
  }
  async gather<T>(value: T): Promise<T[]> {
    return await (await processGroup()).allGatherObject(value);
  }
  async broadcast<T>(value: T): Promise<T> {
    const [first = value] = await this.gather(value);
    return first;
  }
  async leave(message: string): Promise<void> {
    const group = distributed.processGroup();
    // the others are still waited for: they are told where this process ends
    if (group === null) distributed.noteError(message);
    else await group.fail(message);
  }
}

/** The group of this process, which one that called `initProcessGroup` has already. */
async function processGroup(): Promise<torch.distributed.ProcessGroup> {
  joining ??= distributed.processGroup() ?? distributed.initProcessGroup();
  return await joining;
}
let joining: torch.distributed.ProcessGroup | Promise<torch.distributed.ProcessGroup> | null = null;

/**
 * The processes that `torchrun`, `srun` or `mpirun` started together with this one, as the environment says. Where this one ends with
 * an error before they have met, it tells them.
 * @throws ConfigError where it says so in part only.
 */
export function worldFromEnvironment(): World {
  const rendezvous = distributed.expectOthers();
  return rendezvous === null ? new SingleProcess() : new LaunchedWorld(rendezvous);
}
