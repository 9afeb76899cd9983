/** Processes that compute together: c10d's, through gloo between CPUs and NCCL between GPUs. */
import { deserialize, serialize } from "node:v8";
import { fromTypedArray } from "../creation.ts";
import { type GroupHandle, native, type StoreHandle } from "../native.ts";
import { emptyLike } from "../ops.ts";
import { tidy } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import {
  DistributedError,
  holderOf,
  type MeetingOptions,
  type Met,
  meet,
  meetNobody,
  reason,
  SEEK_MS,
} from "./meeting.ts";
import type { Rendezvous } from "./rendezvous.ts";

export { DistributedError } from "./meeting.ts";

/** What becomes of the values of all processes. */
export type ReduceOp = "sum" | "product" | "min" | "max";

/** Objects up to this size go to the others in one message; of larger ones the size goes first. */
const SMALL = 1024;

/** What a process leaves for the others when it goes no further: its error, or nothing where it has lost them itself. */
interface LastWord {
  readonly error?: string;
  /** Of a process that left none. */
  readonly gone?: string;
}

/**
 * The processes that were launched together. Each method is called by all of them, in the same order, and waits for the
 * others; what it waits with is not JavaScript's thread. Where one of them is gone, the others' calls are rejected with an
 * error that names it.
 */
export class ProcessGroup {
  readonly rank: number;
  readonly size: number;
  readonly #store: StoreHandle;
  readonly #group: GroupHandle;
  /** Of each rank: its host and the number of its process. */
  readonly #hosts: readonly string[];
  /** Whose end is the end of the store. */
  readonly #holder: string;
  /** One call after the other: gloo matches them by their order. */
  #last: Promise<unknown> = Promise.resolve();
  /** How many calls have not ended. */
  #pending = 0;
  #failure: DistributedError | null = null;
  /** Whether something that does not wait in a promise has lost the others. */
  #lost = false;

  private constructor(
    { rank, holder }: { readonly rank: number; readonly holder: string },
    { store, group, hosts }: Met,
  ) {
    this.rank = rank;
    this.size = hosts.length;
    this.#store = store;
    this.#group = group;
    this.#hosts = hosts;
    this.#holder = holder === "rank 0" ? this.#named(0) : holder;
  }

  /**
   * Meets the other processes.
   * @throws DistributedError naming those that do not come in time.
   */
  static async join(rendezvous: Rendezvous, options: MeetingOptions): Promise<ProcessGroup> {
    const holder = holderOf(rendezvous);
    return new ProcessGroup({ rank: rendezvous.rank, holder }, await meet(rendezvous, options));
  }

  /** The group of the one process that a launcher has started. */
  static async alone({ timeoutMs }: Pick<MeetingOptions, "timeoutMs">): Promise<ProcessGroup> {
    return new ProcessGroup({ rank: 0, holder: "rank 0" }, await meetNobody(timeoutMs));
  }

  #named(rank: number): string {
    return `rank ${rank} (${this.#hosts[rank]})`;
  }

  /** Puts into each of the tensors what becomes of those that the processes gave. */
  async allReduce(tensors: readonly Tensor[], op: ReduceOp = "sum"): Promise<void> {
    const groups = Map.groupBy(tensors, (tensor) => `${tensor.dtype} ${tensor.device}`);
    for (const some of groups.values()) {
      const handles = some.map((tensor) => tensor.handleFor("allReduce"));
      await this.#collective("allReduce", () => native.glooAllReduce(this.#group, handles, op));
    }
  }

  /** Puts into the tensor what the process of rank `src` has in it. */
  async broadcast(tensor: Tensor, src: number): Promise<void> {
    const handle = tensor.handleFor("broadcast");
    await this.#collective("broadcast", () => native.glooBroadcast(this.#group, handle, src));
  }

  /** The tensors of all processes, by rank; they have one shape and type. They belong to the caller. */
  async allGather(tensor: Tensor): Promise<Tensor[]> {
    const outputs = Array.from({ length: this.size }, () => tidy(() => emptyLike(tensor)).keep());
    const handles = outputs.map((output) => output.handleFor("allGather"));
    const handle = tensor.handleFor("allGather");
    try {
      await this.#collective("allGather", () => native.glooAllGather(this.#group, handles, handle));
    } catch (error) {
      for (const output of outputs) output.dispose();
      throw error;
    }
    return outputs;
  }

  /** Puts the tensors of all processes into `output`, one after another by rank; it has as many times the elements. Both are contiguous. */
  async allGatherIntoTensor(output: Tensor, input: Tensor): Promise<void> {
    const to = output.handleFor("allGatherIntoTensor");
    const from = input.handleFor("allGatherIntoTensor");
    await this.#collective("allGatherIntoTensor", () => native.glooAllGatherInto(this.#group, to, from));
  }

  /** Puts into `output` this process' part, by rank, of what becomes of the inputs, which have as many times the elements. */
  async reduceScatterTensor(output: Tensor, input: Tensor, op: ReduceOp = "sum"): Promise<void> {
    const to = output.handleFor("reduceScatterTensor");
    const from = input.handleFor("reduceScatterTensor");
    await this.#collective("reduceScatterTensor", () => native.glooReduceScatter(this.#group, to, from, op));
  }

  /** Waits until all are here. */
  async barrier(): Promise<void> {
    await this.#collective("barrier", () => native.glooBarrier(this.#group));
  }

  /** What all processes gave, by rank: anything that the structured clone of JavaScript takes. */
  async allGatherObject<T>(value: T): Promise<T[]> {
    const bytes = serialize(value);
    const first = await this.#gatherBytes(bytes.subarray(0, SMALL), SMALL, bytes.length);
    const longest = Math.max(...first.map(({ length }) => length));
    const rest =
      longest <= SMALL ? null : await this.#gatherBytes(bytes.subarray(SMALL), longest - SMALL, bytes.length);
    return first.map(({ length, bytes: begin }, rank) => {
      const end = rest?.[rank]?.bytes ?? new Uint8Array();
      const whole = Buffer.concat([begin, end]).subarray(0, length);
      return deserialize(whole) as T;
    });
  }

  /** Leaves the group because of an error, which is told to the others, whose calls fail. Nothing happens where it has failed before. */
  async fail(message: string): Promise<void> {
    if (this.#failure !== null) return;
    this.#failure = new DistributedError(`Rank ${this.rank} has left the others, because of an error: ${message}`);
    await this.#tell({ error: message });
  }

  /** Says to the others why this process goes no further, ends the connections, and stays until they have read it. */
  async #tell(word: LastWord): Promise<LastWord[]> {
    const others = Array.from({ length: this.size }, (_, rank) => rank).filter((rank) => rank !== this.rank);
    await native.storeSet(this.#store, `last/${this.rank}`, JSON.stringify(word));
    await native.glooClose(this.#group, true);
    const words = await Promise.all(
      others.map(async (rank): Promise<LastWord> => {
        try {
          return JSON.parse(await native.storeGet(this.#store, `last/${rank}`, SEEK_MS)) as LastWord;
        } catch {
          // where it is the store that is gone, this fails, too
          await native.storeGet(this.#store, `host/${rank}`, SEEK_MS);
          return { gone: this.#named(rank) };
        }
      }),
    );
    // the store may be in this process: those that are there are to have read what it holds
    await native.storeSet(this.#store, `read/${this.rank}`, "");
    const there = others.filter((_, i) => words[i]?.gone === undefined);
    await Promise.all(
      there.map((rank) => native.storeGet(this.#store, `read/${rank}`, SEEK_MS).catch(() => undefined)),
    );
    return words.map((said, i) => (said.error === undefined ? said : { error: `rank ${others[i]}: ${said.error}` }));
  }

  /** Leaves the group. What the others still wait for fails there. */
  async close(): Promise<void> {
    // one that has failed has ended its connections
    if (this.#failure === null) await native.glooClose(this.#group, false);
    native.storeClose(this.#store);
  }

  /**
   * The connections, for what waits for the others in JavaScript's thread, as a backward pass does.
   * @throws DistributedError while a call that was not awaited goes on: gloo matches calls by their order.
   */
  handleFor(name: string): GroupHandle {
    if (this.#failure !== null) throw this.#failure;
    if (this.#pending === 0) return this.#group;
    throw new DistributedError(
      `${name}, rank ${this.rank} of ${this.size}: another call of torch.distributed has not ended. Await it before.`,
    );
  }

  /** Puts the sum of those that the processes gave into the tensor, and waits for it in JavaScript's thread. */
  allReduceNow(tensor: Tensor): void {
    const group = this.handleFor("allReduce");
    this.#now(() => native.allReduceNow(group, tensor.handleFor("allReduce")));
  }

  /** Puts what the process of rank `src` has into the tensors, and waits for it in JavaScript's thread. */
  broadcastNow(tensors: readonly Tensor[], src: number): void {
    const group = this.handleFor("broadcast");
    const handles = tensors.map((tensor) => tensor.handleFor("broadcast"));
    this.#now(() => native.broadcastNow(group, handles, src));
  }

  /**
   * Begins what {@link allGatherIntoTensor} does; others may be begun, and waited for, before it is.
   * @returns what waits for it, once, in JavaScript's thread.
   */
  beginAllGather(output: Tensor, input: Tensor): () => void {
    const group = this.handleFor("allGatherIntoTensor");
    const to = output.handleFor("allGatherIntoTensor");
    const from = input.handleFor("allGatherIntoTensor");
    const work = this.#now(() => native.beginAllGather(group, to, from));
    return () => this.#now(() => native.workWait(work));
  }

  /** Does what {@link reduceScatterTensor} does with sums, and waits for it in JavaScript's thread. */
  reduceScatterNow(output: Tensor, input: Tensor): void {
    const group = this.handleFor("reduceScatterTensor");
    const to = output.handleFor("reduceScatterTensor");
    const from = input.handleFor("reduceScatterTensor");
    this.#now(() => native.reduceScatterNow(group, to, from));
  }

  #now<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      this.#lost = true;
      throw error;
    }
  }

  /**
   * What is to be said of an error: who is missing, where it comes from a wait for the others in JavaScript's thread; else the
   * error itself.
   * @param lost whether it is known to.
   */
  async explain(name: string, error: unknown, lost = false): Promise<unknown> {
    const fromGloo = error instanceof Error && /\bgloo\//.test(error.message);
    if (!(lost || this.#lost || fromGloo) || error instanceof DistributedError) return error;
    this.#failure ??= await this.#explain(name, error);
    return this.#failure;
  }

  /** The bytes of all, filled up to one size, each behind the length of the whole. */
  async #gatherBytes(
    bytes: Uint8Array,
    size: number,
    length: number,
  ): Promise<{ length: number; bytes: Uint8Array }[]> {
    const message = new Uint8Array(8 + size);
    new DataView(message.buffer).setFloat64(0, length);
    message.set(bytes, 8);
    using mine = fromTypedArray(message, [message.length]).keep();
    const all = await this.allGather(mine);
    return all.map((tensor) => {
      using _dispose = tensor;
      const text = tensor.toTypedArray() as Uint8Array;
      return { length: new DataView(text.buffer, text.byteOffset).getFloat64(0), bytes: text.slice(8) };
    });
  }

  /** Begins a collective when those before it have ended, and says of one that fails who is missing. */
  async #collective(name: string, begin: () => Promise<void>): Promise<void> {
    this.#pending++;
    const turn = this.#last.then(async () => {
      try {
        if (this.#failure !== null) throw this.#failure;
        await begin();
      } catch (cause) {
        this.#failure ??= await this.#explain(name, cause);
        throw this.#failure;
      } finally {
        this.#pending--;
      }
    });
    this.#last = turn.catch(() => undefined);
    await turn;
  }

  /** Which of the others failed, and with what, or is gone. */
  async #explain(name: string, cause: unknown): Promise<DistributedError> {
    const here = `torch.distributed.${name}, rank ${this.rank} of ${this.size}`;
    try {
      const words = await this.#tell({});
      const errors = words.flatMap(({ error }) => error ?? []);
      if (errors.length > 0)
        return new DistributedError(`${here}: there was an error in ${errors.join("; in ")}`, { cause });
      const gone = words.flatMap((word) => word.gone ?? []);
      const who =
        gone.length > 0 ? `${gone.join(", ")} is gone or does not answer` : "the processes have lost each other";
      return new DistributedError(`${here}: ${who} (${reason(cause)}).`, { cause });
    } catch {
      return new DistributedError(
        `${here}: ${this.#holder}, which held the meeting place, is gone (${reason(cause)}).`,
        { cause },
      );
    }
  }
}
