import * as cuda from "./cuda.ts";
import { type EventHandle, native } from "./native.ts";

/**
 * A moment in the work of a device. On a GPU, `record` puts a mark behind the work that was asked of it and returns at
 * once; the time between two marks is known when the GPU has come to the second.
 *
 *     using start = new torch.Event("cuda");
 *     using end = new torch.Event("cuda");
 *     start.record();
 *     model.call(x);
 *     end.record();
 *     end.synchronize(); // waits; or go on, and come back once end.query()
 *     start.elapsedTime(end); // milliseconds
 *
 * On the CPU, work is done when the call returns: an event is a reading of the clock.
 * @example
 * ```ts
 * using start = new torch.Event("cpu");
 * using end = new torch.Event("cpu");
 * start.record();
 * torch.ones([1000]).dispose();
 * end.record();
 * end.synchronize();
 * console.log(start.elapsedTime(end) >= 0); // → true
 * ```
 */
export class Event implements Disposable {
  readonly device: string;
  /** Null on the CPU. */
  readonly #handle: EventHandle | null;
  /** On the CPU: when it was recorded, in milliseconds. */
  #time: number | null = null;
  #disposed = false;

  /** @throws Error on a GPU that cannot be used. */
  constructor(device: string) {
    if (device.startsWith("cuda") && !cuda.isAvailable()) {
      throw new Error(`torch.Event: there is no device '${device}': ${cuda.whyUnavailable()}.`);
    }
    this.device = device;
    this.#handle = device === "cpu" ? null : native.eventCreate(device);
  }

  /** Notes the moment, on the current stream; a later call replaces it. */
  record(): void {
    const handle = this.#live("record");
    if (handle === null) this.#time = performance.now();
    else native.eventRecord(handle);
  }

  /** Whether the device has come to it, without waiting; true where nothing was recorded. */
  query(): boolean {
    const handle = this.#live("query");
    return handle === null || native.eventQuery(handle);
  }

  /** Waits until the device has come to it. */
  synchronize(): void {
    const handle = this.#live("synchronize");
    if (handle !== null) native.eventSynchronize(handle);
  }

  /** Milliseconds from this event to another. @throws Error unless both are recorded and completed. */
  elapsedTime(end: Event): number {
    const handle = this.#live("elapsedTime");
    const other = end.#live("elapsedTime");
    if (handle !== null && other !== null) return native.eventElapsed(handle, other);
    if (handle !== other) {
      throw new Error(`Event.elapsedTime: one event is of '${this.device}', the other of '${end.device}'.`);
    }
    if (this.#time === null || end.#time === null) {
      throw new Error("Event.elapsedTime: both events must be recorded before.");
    }
    return end.#time - this.#time;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#handle !== null) native.eventDestroy(this.#handle);
  }
  [Symbol.dispose](): void {
    this.dispose();
  }

  #live(method: string): EventHandle | null {
    if (this.#disposed) throw new Error(`Event.${method}: the event has been disposed.`);
    return this.#handle;
  }
}
