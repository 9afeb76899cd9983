import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { FromTracker, ToTracker, TrackerData } from "./task.ts";
import type { RunStatus } from "./tracker.ts";

const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);

/** A thread that serves a tracker: whatever becomes of that, the training does not wait for it. */
export class TrackerThread {
  readonly #worker: Worker;
  readonly #exit: Promise<boolean>;

  /** @param onFailure is told when something cannot be sent, once, and when the thread has failed. */
  constructor(data: TrackerData, onFailure: (why: string) => void) {
    // with --input-type, which is of a program without a file, a thread would not start
    const own = process.execArgv.some((option) => option.startsWith("--input-type")) ? { execArgv: [] } : {};
    this.#worker = new Worker(ENTRY, { workerData: data, name: "clinicadl-tracker", ...own });
    this.#worker.unref();
    this.#worker.on("message", ({ failure }: FromTracker) => onFailure(failure));
    this.#worker.on("error", (error: unknown) => onFailure(error instanceof Error ? error.message : String(error)));
    this.#exit = new Promise((resolve) => this.#worker.on("exit", (code) => resolve(code === 0)));
  }

  /**
   * Says that the training is over, and waits until all of it is sent, or for so many seconds.
   * @returns whether all was sent.
   */
  async end(status: RunStatus, seconds: number): Promise<boolean> {
    this.#worker.ref();
    this.#worker.postMessage({ ended: status } satisfies ToTracker);
    const stop = new AbortController();
    const late = setTimeout(1000 * seconds, false, { signal: stop.signal }).catch(() => false);
    const sent = await Promise.race([this.#exit, late]);
    stop.abort();
    if (!sent) await this.#worker.terminate();
    return sent;
  }
}
