import { Worker } from "node:worker_threads";
import { TensorConversionError } from "../../../utils/exceptions.ts";
import { threadOptions } from "../../../utils/thread-options.ts";
import { warn, warnOnce } from "../../../utils/warnings.ts";
import type { RowToConvert } from "./convert-row.ts";
import type { Outline } from "./outline.ts";
import type { FromThread, PortableMaking, ToThread } from "./protocol.ts";

interface Member {
  readonly worker: Worker;
  readonly pending: Map<number, PromiseWithResolvers<Outline>>;
  readonly ended: Promise<void>;
  /** Why it ended before its time. */
  failure: string | null;
}

const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);

/** Threads that convert sessions. A session goes to the one that has least to do. */
export class ConversionThreads implements AsyncDisposable {
  readonly #members: readonly Member[];
  #nextId = 0;

  constructor(count: number, how: PortableMaking) {
    this.#members = Array.from({ length: count }, () => startMember(how));
  }

  /** @throws what went wrong, naming the session. */
  convert(work: RowToConvert): Promise<Outline> {
    const [first, ...others] = this.#members;
    if (first === undefined) throw new TensorConversionError("A conversion needs at least one thread.");
    const member = others.reduce((best, other) => (other.pending.size < best.pending.size ? other : best), first);
    if (member.failure !== null) return Promise.reject(new TensorConversionError(member.failure));
    const waiting = Promise.withResolvers<Outline>();
    const id = this.#nextId++;
    member.pending.set(id, waiting);
    member.worker.postMessage({ type: "convert", id, work } satisfies ToThread);
    return waiting.promise;
  }

  /** Lets the threads finish what they have begun, and waits for their end. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { worker } of this.#members) worker.postMessage({ type: "stop" } satisfies ToThread);
    await Promise.all(this.#members.map(({ ended }) => ended));
  }
}

function startMember(how: PortableMaking): Member {
  const worker = new Worker(ENTRY, { workerData: how, name: "clinicadl-tensors", ...threadOptions() });
  const { promise, resolve } = Promise.withResolvers<void>();
  const member: Member = { worker, pending: new Map(), ended: promise, failure: null };
  worker.on("message", (message: FromThread) => receive(member, message));
  worker.on("error", (error: unknown) => {
    member.failure = `A worker thread of the conversion failed: ${error instanceof Error ? error.message : String(error)}.`;
  });
  worker.on("exit", (code) => {
    member.failure ??= `A worker thread of the conversion ended with exit code ${code}.`;
    for (const { reject } of member.pending.values()) reject(new TensorConversionError(member.failure));
    member.pending.clear();
    resolve();
  });
  return member;
}

function receive(member: Member, message: FromThread): void {
  if (message.type === "warning") {
    if (message.key === null) warn(message.message);
    else warnOnce(message.key, message.message);
    return;
  }
  const waiting = member.pending.get(message.id);
  member.pending.delete(message.id);
  switch (message.type) {
    case "converted":
      waiting?.resolve(message.outline);
      break;
    case "failed":
      waiting?.reject(message.error);
      break;
  }
}
