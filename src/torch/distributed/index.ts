/** PyTorch's `torch.distributed`: the processes that were launched together, and what they compute together. */
import process from "node:process";
import { ConfigError } from "../../utils/exceptions.ts";
import type { Tensor } from "../tensor.ts";
import { expectMeeting } from "./leaving.ts";
import { interfaceFromEnvironment } from "./network-interface.ts";
import { DistributedError, ProcessGroup, type ReduceOp } from "./process-group.ts";
import { launchedFromEnvironment, placeOfUrl, type Rendezvous, rendezvousFromEnvironment } from "./rendezvous.ts";

export { noteError } from "./leaving.ts";
export { DistributedError, ProcessGroup, type ReduceOp } from "./process-group.ts";
export { type GradientCompression, Reducer, type ReducerOptions } from "./reducer.ts";
export { firstNode, type MeetingPlace, type Rendezvous, rendezvousFromEnvironment } from "./rendezvous.ts";

let group: ProcessGroup | null = null;

export interface InitProcessGroupOptions {
  /** Default "gloo", between CPUs. */
  readonly backend?: "gloo";
  /**
   * Where the processes meet: `env://` (default; what `torchrun`, `srun` or `mpirun` say), `tcp://host:port`, or `file:///path` on a
   * file system that all of them see.
   */
  readonly initMethod?: string;
  /** With `tcp://` and `file://`: which process this is, from 0. */
  readonly rank?: number;
  /** With `tcp://` and `file://`: how many there are. */
  readonly worldSize?: number;
  /** Seconds that an answer of the others is waited for, once all have met. Default 1800, as PyTorch's. */
  readonly timeout?: number;
  /** Seconds until all have to have come. Default: the environment's `CLINICADL_JOIN_TIMEOUT`, or 600, as torchrun's. */
  readonly joinTimeout?: number;
}

/**
 * Meets the other processes. PyTorch's `init_process_group`.
 *
 *     // torchrun --no-python --nproc-per-node 2 node program.ts
 *     await torch.distributed.initProcessGroup();
 *     const tensor = torch.tensor([torch.distributed.getRank()]);
 *     await torch.distributed.allReduce(tensor); // 0 + 1, in both
 *     await torch.distributed.destroyProcessGroup();
 *
 * They reach each other by the network interface by which each reaches the place where they meet; `GLOO_SOCKET_IFNAME` names another.
 *
 * @throws ConfigError for options that make no sense, and for an interface that is not there; DistributedError naming those that do not come within `joinTimeout`.
 * @example
 * ```ts
 * import { pathToFileURL } from "node:url";
 *
 * // alone here; with others, each gives its own rank, and a place that all of them see
 * const initMethod = pathToFileURL("meeting").href;
 * await torch.distributed.initProcessGroup({ initMethod, rank: 0, worldSize: 1 });
 * console.log(torch.distributed.getRank(), torch.distributed.getWorldSize()); // → 0 1
 * await torch.distributed.destroyProcessGroup();
 * ```
 */
export async function initProcessGroup(options: InitProcessGroupOptions = {}): Promise<ProcessGroup> {
  if (group !== null) throw new DistributedError("initProcessGroup: there is a process group already.");
  const { timeout = 1800, joinTimeout = joinTimeoutOf(process.env.CLINICADL_JOIN_TIMEOUT) } = options;
  const rendezvous = rendezvousOf(options);
  const meeting = {
    joinMs: joinTimeout * 1000,
    timeoutMs: timeout * 1000,
    networkInterface: interfaceFromEnvironment(process.env.GLOO_SOCKET_IFNAME),
  };
  group = await (rendezvous === "alone" ? ProcessGroup.alone(meeting) : ProcessGroup.join(rendezvous, meeting));
  return group;
}

/**
 * The processes of a launcher that will meet, as the environment says; null for one that is alone. From now on one that ends with
 * an error tells the others, which would wait for it.
 * @throws ConfigError where the environment makes no sense.
 */
export function expectOthers(): Rendezvous | null {
  const rendezvous = rendezvousFromEnvironment(process.env);
  if (rendezvous !== null && group === null) {
    expectMeeting(rendezvous, joinTimeoutOf(process.env.CLINICADL_JOIN_TIMEOUT) * 1000);
  }
  return rendezvous;
}

function joinTimeoutOf(text: string | undefined): number {
  if (text === undefined || text === "") return 600;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new ConfigError(`The environment's CLINICADL_JOIN_TIMEOUT is '${text}'. Expected seconds, more than 0.`);
}

function rendezvousOf({
  initMethod = "env://",
  rank,
  worldSize,
  backend = "gloo",
}: InitProcessGroupOptions): Rendezvous | "alone" {
  if (backend !== "gloo")
    throw new ConfigError(`initProcessGroup: 'backend' got '${String(backend)}'. Expected "gloo".`);
  if (initMethod === "env://") {
    const found = launchedFromEnvironment(process.env);
    if (found !== null) return found;
    throw new ConfigError(
      "initProcessGroup: the environment names no launcher. Start this with `torchrun --no-python --nproc-per-node 2 node " +
        "program.ts`, `srun` or `mpirun`, or pass initMethod, rank and worldSize.",
    );
  }
  if (rank === undefined || worldSize === undefined || rank < 0 || rank >= worldSize) {
    throw new ConfigError(
      `initProcessGroup: 'rank' got ${rank} and 'worldSize' ${worldSize}. With '${initMethod}' both are needed, the rank from 0 to worldSize - 1.`,
    );
  }
  const place = placeOfUrl(initMethod, rank);
  if (place !== null)
    return { rank, worldSize, localRank: rank, place, prefix: "", launcher: "initProcessGroup", launch: "" };
  throw new ConfigError(
    `initProcessGroup: 'initMethod' got '${initMethod}'. Expected env://, tcp://host:port or file:///path.`,
  );
}

/**
 * The group that `initProcessGroup` has made; null before.
 * @example
 * ```ts
 * import { pathToFileURL } from "node:url";
 *
 * // alone here; with others, each gives its own rank, and a place that all of them see
 * const initMethod = pathToFileURL("meeting").href;
 * await torch.distributed.initProcessGroup({ initMethod, rank: 0, worldSize: 1 });
 * console.log(torch.distributed.processGroup()?.size); // → 1
 * await torch.distributed.destroyProcessGroup();
 * ```
 */
export const processGroup = (): ProcessGroup | null => group;
/**
 * Whether this process has met the others: {@link initProcessGroup} was called.
 * @example
 * ```ts
 * console.log(torch.distributed.isInitialized()); // → false
 * ```
 */
export const isInitialized = (): boolean => group !== null;
/**
 * Which of the processes this is, from 0; 0 for one that is alone.
 * @example
 * ```ts
 * console.log(torch.distributed.getRank()); // → 0
 * ```
 */
export const getRank = (): number => group?.rank ?? 0;
/**
 * How many processes there are; 1 for one that is alone.
 * @example
 * ```ts
 * console.log(torch.distributed.getWorldSize()); // → 1
 * ```
 */
export const getWorldSize = (): number => group?.size ?? 1;

function joined(name: string): ProcessGroup {
  if (group === null) throw new DistributedError(`torch.distributed.${name}: call initProcessGroup before.`);
  return group;
}

/**
 * Puts into the tensor the sum (product, least, greatest) of those that the processes gave.
 * @example
 * ```ts
 * import { pathToFileURL } from "node:url";
 *
 * // alone here; with others, each gives its own rank, and a place that all of them see
 * const initMethod = pathToFileURL("meeting").href;
 * await torch.distributed.initProcessGroup({ initMethod, rank: 0, worldSize: 1 });
 * using x = torch.tensor([2]);
 * await torch.distributed.allReduce(x); // the sum of all
 * console.log(x.toNumbers()); // → [ 2 ]
 * await torch.distributed.destroyProcessGroup();
 * ```
 */
export async function allReduce(tensor: Tensor, options: { readonly op?: ReduceOp } = {}): Promise<void> {
  await joined("allReduce").allReduce([tensor], options.op);
}
/**
 * The tensors of all processes, by rank; they belong to the caller.
 * @example
 * ```ts
 * import { pathToFileURL } from "node:url";
 *
 * // alone here; with others, each gives its own rank, and a place that all of them see
 * const initMethod = pathToFileURL("meeting").href;
 * await torch.distributed.initProcessGroup({ initMethod, rank: 0, worldSize: 1 });
 * using x = torch.tensor([2]);
 * for (const each of await torch.distributed.allGather(x)) {
 *   using gathered = each;
 *   console.log(gathered.toNumbers()); // → [ 2 ]
 * }
 * await torch.distributed.destroyProcessGroup();
 * ```
 */
export async function allGather(tensor: Tensor): Promise<Tensor[]> {
  return await joined("allGather").allGather(tensor);
}
/**
 * Puts into the tensor what the process of rank `src` (default 0) has in it.
 * @example
 * ```ts
 * import { pathToFileURL } from "node:url";
 *
 * // alone here; with others, each gives its own rank, and a place that all of them see
 * const initMethod = pathToFileURL("meeting").href;
 * await torch.distributed.initProcessGroup({ initMethod, rank: 0, worldSize: 1 });
 * using x = torch.tensor([2]);
 * await torch.distributed.broadcast(x, { src: 0 });
 * console.log(x.toNumbers()); // → [ 2 ]
 * await torch.distributed.destroyProcessGroup();
 * ```
 */
export async function broadcast(tensor: Tensor, options: { readonly src?: number } = {}): Promise<void> {
  await joined("broadcast").broadcast(tensor, options.src ?? 0);
}
/**
 * Puts the tensors of all processes into `output`, one after another by rank. PyTorch's `all_gather_into_tensor`.
 *
 *     const output = torch.empty([2 * torch.distributed.getWorldSize()]);
 *     await torch.distributed.allGatherIntoTensor(output, torch.full([2], torch.distributed.getRank())); // 0, 0, 1, 1, …
 *
 * @param output contiguous, with as many times the elements of `input` as there are processes.
 * @example
 * ```ts
 * import { pathToFileURL } from "node:url";
 *
 * // alone here; with others, each gives its own rank, and a place that all of them see
 * const initMethod = pathToFileURL("meeting").href;
 * await torch.distributed.initProcessGroup({ initMethod, rank: 0, worldSize: 1 });
 * using input = torch.tensor([2, 3]);
 * using output = torch.empty([2 * torch.distributed.getWorldSize()]);
 * await torch.distributed.allGatherIntoTensor(output, input);
 * console.log(output.toNumbers()); // → [ 2, 3 ]
 * await torch.distributed.destroyProcessGroup();
 * ```
 */
export async function allGatherIntoTensor(output: Tensor, input: Tensor): Promise<void> {
  await joined("allGatherIntoTensor").allGatherIntoTensor(output, input);
}
/**
 * Puts into `output` this process' part of the sum (product, least, greatest) of the inputs, which are cut into as many parts as there
 * are processes. PyTorch's `reduce_scatter_tensor`.
 *
 * @param input contiguous, with as many times the elements of `output` as there are processes; it stays as it is.
 * @example
 * ```ts
 * import { pathToFileURL } from "node:url";
 *
 * // alone here; with others, each gives its own rank, and a place that all of them see
 * const initMethod = pathToFileURL("meeting").href;
 * await torch.distributed.initProcessGroup({ initMethod, rank: 0, worldSize: 1 });
 * using input = torch.tensor([2, 3]);
 * using output = torch.empty([2 / torch.distributed.getWorldSize()]);
 * await torch.distributed.reduceScatterTensor(output, input);
 * console.log(output.toNumbers()); // → [ 2, 3 ]
 * await torch.distributed.destroyProcessGroup();
 * ```
 */
export async function reduceScatterTensor(
  output: Tensor,
  input: Tensor,
  options: { readonly op?: ReduceOp } = {},
): Promise<void> {
  await joined("reduceScatterTensor").reduceScatterTensor(output, input, options.op);
}
/**
 * Waits until all processes are here.
 * @example
 * ```ts
 * import { pathToFileURL } from "node:url";
 *
 * // alone here; with others, each gives its own rank, and a place that all of them see
 * const initMethod = pathToFileURL("meeting").href;
 * await torch.distributed.initProcessGroup({ initMethod, rank: 0, worldSize: 1 });
 * await torch.distributed.barrier();
 * await torch.distributed.destroyProcessGroup();
 * ```
 */
export async function barrier(): Promise<void> {
  await joined("barrier").barrier();
}
/**
 * What all processes gave, by rank.
 * @example
 * ```ts
 * import { pathToFileURL } from "node:url";
 *
 * // alone here; with others, each gives its own rank, and a place that all of them see
 * const initMethod = pathToFileURL("meeting").href;
 * await torch.distributed.initProcessGroup({ initMethod, rank: 0, worldSize: 1 });
 * console.log(await torch.distributed.allGatherObject({ participants: 16 })); // → [ { participants: 16 } ]
 * await torch.distributed.destroyProcessGroup();
 * ```
 */
export async function allGatherObject<T>(value: T): Promise<T[]> {
  return await joined("allGatherObject").allGatherObject(value);
}
/**
 * Leaves the group. Nothing happens where there is none.
 * @example
 * ```ts
 * await torch.distributed.destroyProcessGroup();
 * console.log(torch.distributed.isInitialized()); // → false
 * ```
 */
export async function destroyProcessGroup(): Promise<void> {
  const left = group;
  group = null;
  await left?.close();
}
