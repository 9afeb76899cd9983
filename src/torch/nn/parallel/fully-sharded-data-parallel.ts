import { ConfigError } from "../../../utils/exceptions.ts";
import { type Given, knownOptions } from "../../arguments.ts";
import { processGroup } from "../../distributed/index.ts";
import type { ProcessGroup } from "../../distributed/process-group.ts";
import { native } from "../../native.ts";
import type { OptimizerStateDict } from "../../optim/param-group.ts";
import type { Tensor } from "../../tensor.ts";
import { type AnyModule, Module } from "../module.ts";
import { type ShardedOptimizer, Shards } from "./shards.ts";
import { partsOfSize } from "./wrap-policy.ts";

export interface FullyShardedDataParallelOptions {
  /**
   * The parts of the module that are gathered by themselves, each of which is run by `call`. Default: those of at least
   * `minNumParams` parameters, as PyTorch's `size_based_auto_wrap_policy` finds them.
   */
  readonly parts?: readonly AnyModule[] | undefined;
  /** Default: a 32nd of all parameters. */
  readonly minNumParams?: number | undefined;
  /** Default: that of `initProcessGroup`. */
  readonly processGroup?: ProcessGroup | undefined;
}

/**
 * A module that several processes train together, each with its part of every batch, and each holding its part of the weights, of
 * their gradients, and of the states of optimizers: PyTorch's `torch.distributed.fsdp.FullyShardedDataParallel`. The weights of one
 * part of the module at a time are whole, while it runs; `backward` gives the mean of the gradients.
 *
 *     // torchrun --no-python --nproc-per-node 2 node program.ts
 *     await torch.distributed.initProcessGroup();
 *     const network = new torch.nn.parallel.FullyShardedDataParallel(layers);
 *     const optimizer = new torch.optim.Adam(network.parameters());
 *     network.call(x).mean().backward();
 *     network.clipGradNorm_(1);
 *     optimizer.step();
 *     {
 *       using _ = network.summonFullParams(); // whole in each process
 *       if (torch.distributed.getRank() === 0) torch.save(layers.stateDict(), "weights.pt");
 *     }
 *
 * The weights begin as those of rank 0. Between calls each parameter is the vector of those of its elements that this process holds,
 * and has their gradient: so optimizers, made before or after, move shards. Layers that are called with several tensors that have
 * gradients stay whole until the end of the backward pass. All processes call `forward` and `backward` equally often, through the same
 * parts, and await what they called of `torch.distributed` before; they wait for the others in JavaScript's thread.
 *
 * @throws ConfigError where there is no process group, or nothing to train, or a tensor is not on the CPU; libtorch's error where
 * parameters differ between processes.
 * @example
 * ```ts
 * import { pathToFileURL } from "node:url";
 *
 * // alone here; with others, each gives its own rank, and a place that all of them see
 * const initMethod = pathToFileURL("meeting").href;
 * await torch.distributed.initProcessGroup({ initMethod, rank: 0, worldSize: 1 });
 * const layers = new torch.nn.Sequential(new torch.nn.Linear(4, 8), new torch.nn.Linear(8, 1));
 * const network = new torch.nn.parallel.FullyShardedDataParallel(layers);
 * using optimizer = new torch.optim.SGD(network.parameters(), { lr: 0.1 });
 * using x = torch.ones([2, 4]);
 * using y = network.call(x);
 * using loss = y.mean();
 * loss.backward();
 * optimizer.step();
 * console.log(y.shape); // → [ 2, 1 ]
 * network.dispose();
 * await torch.distributed.destroyProcessGroup();
 * ```
 */
export class FullyShardedDataParallel<I extends unknown[] = [Tensor], O = Tensor> extends Module<I, O> {
  readonly module: Module<I, O>;
  readonly #shards: Shards;

  constructor(module: Module<I, O>, ...given: Given<FullyShardedDataParallelOptions>) {
    super();
    const name = "FullyShardedDataParallel";
    const options = knownOptions(name, given, ["parts", "minNumParams", "processGroup"]);
    const { processGroup: group = processGroup() } = options;
    if (group === null) throw new ConfigError(`${name}: call torch.distributed.initProcessGroup before.`);
    const parameters = [...module.parameters()];
    if (!parameters.some(({ requiresGrad }) => requiresGrad))
      throw new ConfigError(`${name}: the module has no parameter that requires a gradient. Use it as it is.`);
    const elsewhere = parameters.find(({ device }) => device !== "cpu");
    if (elsewhere !== undefined)
      throw new ConfigError(`${name}: a parameter is on ${elsewhere.device}. Weights are sharded on the CPU only.`);
    this.module = module;
    const handles = parameters.map((parameter) => parameter.handleFor(name));
    native.sameInAll(group.handleFor(name), handles);
    group.broadcastNow([...module.stateDict().values()], 0);
    this.#shards = new Shards(group, module, options.parts ?? partsOfSize(module, options.minNumParams));
    this.#shards.shard();
  }

  override forward(...inputs: I): O {
    return this.#shards.runs(() => this.module.call(...inputs));
  }

  /** The weights are whole in each process, in `body` or until what is returned is disposed; changes of them stay. Called by all. */
  summonFullParams(): Disposable;
  summonFullParams<T>(body: () => T): T;
  summonFullParams<T>(body?: () => T): T | Disposable {
    this.#shards.unshard();
    const end = { [Symbol.dispose]: () => this.#shards.shard() };
    if (body === undefined) return end;
    using _ = end;
    return body();
  }

  /** Limits the norm of the gradients of all processes together. Called by all. @returns the norm before; the caller's. */
  clipGradNorm_(maxNorm: number, { normType = 2 }: { readonly normType?: number } = {}): Tensor {
    return this.#shards.clipGradNorm_(maxNorm, normType);
  }

  /** The state of an optimizer as one process would have it, with new tensors, which are the caller's. Called by all. */
  optimStateDict(optimizer: ShardedOptimizer): OptimizerStateDict {
    return this.#shards.optimizerStateDict(optimizer);
  }
  /** Gives an optimizer this process' part of a state that one process would have. */
  loadOptimStateDict(optimizer: ShardedOptimizer, state: OptimizerStateDict): void {
    this.#shards.loadOptimizerStateDict(optimizer, state);
  }

  /** What is to be said of an error of `call` or `backward`: which process is gone, or has failed, where it is that. */
  async explain(error: unknown): Promise<unknown> {
    return await this.#shards.explain(error);
  }

  /** The module is one of this process again, with whole weights. Called by all. */
  close(): void {
    this.#shards[Symbol.dispose]();
  }
  override dispose(): void {
    this.close();
    super.dispose();
  }
}
