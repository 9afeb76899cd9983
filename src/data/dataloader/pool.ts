import { Worker } from "node:worker_threads";
import { transfer } from "../../torch/index.ts";
import { threadOptions } from "../../utils/thread-options.ts";
import { warn, warnOnce } from "../../utils/warnings.ts";
import type { PortableDataset } from "../datasets/index.ts";
import type { BatchType } from "./batch-type.ts";
import { WorkerError } from "./errors.ts";
import { checkOpenFiles } from "./open-files.ts";
import { type FromWorker, type LoadRequest, type ToWorker, unpackError } from "./protocol.ts";
import { dropBatch, type PackedBatch, unpackBatch } from "./transport.ts";

interface Pending {
  /** Names the samples, for the case that the worker dies over them. */
  readonly what: () => string;
  /** Takes over the batch; null: it was cancelled. */
  readonly receive: (batch: PackedBatch | null) => void;
  readonly reject: (error: Error) => void;
}

interface Member {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
  readonly ended: Promise<void>;
  owner: number | null;
  failure: Error | null;
  alive: boolean;
}

const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);

/** The worker threads of a loader. A batch goes to the one that has least to do. */
export class WorkerPool<B extends BatchType> {
  readonly #members: Member[];
  #nextId = 0;

  /**
   * @param dataset what its `toWorker` gave.
   * @throws WorkerError where the system has not enough left for so many.
   */
  constructor(dataset: PortableDataset, count: number) {
    checkOpenFiles(count);
    this.#members = Array.from({ length: count }, (_, i) => startMember(dataset, i));
  }

  get alive(): boolean {
    return this.#members.every((member) => member.alive);
  }

  /** The thread numbers, for who watches them. */
  get threadIds(): number[] {
    return this.#members.map(({ worker }) => worker.threadId);
  }

  /**
   * Loads a batch in a worker; null when it was cancelled meanwhile.
   * @param what names its samples, for messages.
   */
  load(request: LoadRequest, what: () => string): Promise<B | null> {
    const living = this.#members.filter((member) => member.alive);
    const [first, ...others] = living;
    if (first === undefined) return Promise.reject(new WorkerError("All worker threads of the DataLoader have ended."));
    const member = others.reduce((best, other) => (other.pending.size < best.pending.size ? other : best), first);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const receive = (batch: PackedBatch | null): void => resolve(batch === null ? null : unpackBatch<B>(batch));
      member.pending.set(id, { what, receive, reject });
      // a worker with work keeps the process alive, an idle one does not
      member.worker.ref();
      member.worker.postMessage({ type: "load", id, request } satisfies ToWorker);
    });
  }

  /** Lets the workers finish what they have begun, and waits for their end. */
  async close(): Promise<void> {
    for (const { worker } of this.#members) {
      worker.ref();
      worker.postMessage({ type: "stop" } satisfies ToWorker);
    }
    await Promise.all(this.#members.map((member) => member.ended));
  }
}

function startMember(dataset: PortableDataset, index: number): Member {
  const worker = new Worker(ENTRY, { workerData: dataset, name: `clinicadl-loader-${index}`, ...threadOptions() });
  const { promise, resolve } = Promise.withResolvers<void>();
  const member: Member = { worker, pending: new Map(), ended: promise, owner: null, failure: null, alive: true };
  worker.on("message", (message: FromWorker) => receive(member, message));
  worker.on("error", (error: unknown) => {
    member.failure = error instanceof Error ? error : new Error(String(error));
  });
  worker.on("exit", (code) => {
    member.alive = false;
    // what it had sent and nobody had taken would stay forever
    if (member.owner !== null) transfer.dropFrom(member.owner);
    for (const { what, reject } of member.pending.values()) {
      const why = member.failure === null ? `ended with exit code ${code}` : `failed: ${whyFailed(member.failure)}`;
      reject(
        new WorkerError(`Worker ${index} of the DataLoader ${why}, while ${what()} were to be loaded.`, {
          cause: member.failure,
        }),
      );
    }
    member.pending.clear();
    resolve();
  });
  worker.unref();
  return member;
}

/** A thread that could not begin lacked something of the system: files, threads or memory. */
function whyFailed(failure: Error): string {
  const begun = !("code" in failure) || failure.code !== "ERR_WORKER_INIT_FAILED";
  if (begun) return failure.message;
  return `${failure.message} (raise the limits of open files and processes, ulimit -n and -u, or lower numWorkers)`;
}

function receive(member: Member, message: FromWorker): void {
  if (message.type === "ready") {
    member.owner = message.owner;
    return;
  }
  if (message.type === "warning") {
    if (message.key === null) warn(message.message);
    else warnOnce(message.key, message.message);
    return;
  }
  const pending = member.pending.get(message.id);
  member.pending.delete(message.id);
  if (member.pending.size === 0) member.worker.unref();
  switch (message.type) {
    case "batch":
      if (pending === undefined) dropBatch(message.batch);
      else pending.receive(message.batch);
      break;
    case "cancelled":
      pending?.receive(null);
      break;
    case "error":
      pending?.reject(unpackError(message.error));
      break;
  }
}
