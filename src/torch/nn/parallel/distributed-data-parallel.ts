import { ConfigError } from "../../../utils/exceptions.ts";
import { type Given, knownOptions } from "../../arguments.ts";
import { isGradEnabled } from "../../autograd.ts";
import { processGroup } from "../../distributed/index.ts";
import type { ProcessGroup } from "../../distributed/process-group.ts";
import { Reducer, type ReducerOptions } from "../../distributed/reducer.ts";
import { native } from "../../native.ts";
import { Tensor } from "../../tensor.ts";
import { Module } from "../module.ts";

export interface DistributedDataParallelOptions extends Omit<ReducerOptions, "average"> {
  /** Whether buffers, such as running statistics, are those of rank 0 in each forward pass. Default true. */
  readonly broadcastBuffers?: boolean | undefined;
  /** Default: that of `initProcessGroup`. */
  readonly processGroup?: ProcessGroup | undefined;
}

/**
 * A module that several processes train together, each with its part of every batch: `backward` gives the mean of their
 * gradients, which are sent while it goes on. PyTorch's `torch.nn.parallel.DistributedDataParallel`.
 *
 *     // torchrun --no-python --nproc-per-node 2 node program.ts
 *     await torch.distributed.initProcessGroup();
 *     const network = new torch.nn.parallel.DistributedDataParallel(new torch.nn.Linear(4, 1));
 *     for (const part of parts.slice(0, -1)) {
 *       using _ = network.noSync(); // gradients are added up, and sent with the last
 *       network.call(part).mean().backward();
 *     }
 *     network.call(parts.at(-1)).mean().backward();
 *
 * The weights begin as those of rank 0. All processes call `forward` and `backward` equally often, and await what they called
 * of `torch.distributed` before; a backward pass waits for the others in JavaScript's thread. Where one of them is gone, it
 * fails with gloo's words; `await network.explain(error)` says who.
 *
 * @throws ConfigError where there is no process group, or nothing to train; libtorch's error where parameters differ between processes.
 * @example
 * ```ts
 * import { pathToFileURL } from "node:url";
 *
 * // alone here; with others, each gives its own rank, and a place that all of them see
 * const initMethod = pathToFileURL("meeting").href;
 * await torch.distributed.initProcessGroup({ initMethod, rank: 0, worldSize: 1 });
 * using layer = new torch.nn.Linear(4, 1);
 * const network = new torch.nn.parallel.DistributedDataParallel(layer);
 * using x = torch.ones([2, 4]);
 * using y = network.call(x);
 * using loss = y.mean();
 * loss.backward(); // the mean of all processes' gradients
 * using gradient = layer.weight.grad;
 * console.log(gradient?.toArray()); // → [ [ 1, 1, 1, 1 ] ]
 * network.dispose();
 * await torch.distributed.destroyProcessGroup();
 * ```
 */
export class DistributedDataParallel<I extends unknown[] = [Tensor], O = Tensor> extends Module<I, O> {
  readonly module: Module<I, O>;
  readonly #group: ProcessGroup;
  readonly #reducer: Reducer;
  readonly #findUnused: boolean;
  readonly #broadcastBuffers: boolean;
  /** Whether backward passes are reduced. */
  #reduces = true;
  /** Whether buffers have changed in a way that the others' have not. */
  #buffersDiffer = true;

  constructor(module: Module<I, O>, ...given: Given<DistributedDataParallelOptions>) {
    super();
    const {
      broadcastBuffers = true,
      processGroup: group = processGroup(),
      ...options
    } = knownOptions("DistributedDataParallel", given, [
      "findUnusedParameters",
      "gradientAsBucketView",
      "bucketCapMb",
      "compression",
      "broadcastBuffers",
      "processGroup",
    ]);
    if (group === null)
      throw new ConfigError("DistributedDataParallel: call torch.distributed.initProcessGroup before.");
    const parameters = [...module.parameters()].filter((parameter) => parameter.requiresGrad);
    if (parameters.length === 0) {
      throw new ConfigError(
        "DistributedDataParallel: the module has no parameter that requires a gradient, so there is nothing to reduce. Use it as it is.",
      );
    }
    this.module = module;
    this.#group = group;
    this.#findUnused = options.findUnusedParameters ?? false;
    this.#broadcastBuffers = broadcastBuffers;
    const handles = parameters.map((parameter) => parameter.handleFor("DistributedDataParallel"));
    native.sameInAll(group.handleFor("DistributedDataParallel"), handles);
    group.broadcastNow([...module.stateDict().values()], 0);
    this.#reducer = new Reducer(group, parameters, options);
  }

  override forward(...inputs: I): O {
    const reduces = isGradEnabled() && this.#reduces;
    if (reduces) this.#reducer.prepareForForward();
    const buffers = this.#broadcastBuffers && this.#buffersDiffer ? [...this.module.buffers()] : [];
    if (buffers.length > 0) this.#group.broadcastNow(buffers, 0);
    const output = this.module.call(...inputs);
    if (reduces) this.#reducer.prepareForBackward(this.#findUnused ? tensorsIn(output) : []);
    this.#buffersDiffer = reduces;
    return output;
  }

  /**
   * Backward passes add gradients up in each process, in `body` or until what is returned is disposed; the first one after it sends
   * them. The forward pass must be in it, too.
   */
  noSync(): Disposable;
  noSync<T>(body: () => T): T;
  noSync<T>(body?: () => T): T | Disposable {
    const before = this.#reduces;
    this.#reduces = false;
    const end = {
      [Symbol.dispose]: () => {
        this.#reduces = before;
      },
    };
    if (body === undefined) return end;
    using _ = end;
    return body();
  }

  /** What is to be said of an error of `call` or `backward`: which process is gone, or has failed, where it is that. */
  async explain(error: unknown): Promise<unknown> {
    return await this.#reducer.explain(error);
  }

  /** Backward passes of the module are this process's own from here on. The module stays. */
  close(): void {
    this.#reducer[Symbol.dispose]();
  }
  override dispose(): void {
    this.close();
    super.dispose();
  }
}

function tensorsIn(output: unknown): Tensor[] {
  if (output instanceof Tensor) return [output];
  if (output instanceof Map || output instanceof Set || Array.isArray(output))
    return [...output.values()].flatMap(tensorsIn);
  return typeof output === "object" && output !== null ? Object.values(output).flatMap(tensorsIn) : [];
}
