import type { RunEvent } from "./journal/schema.ts";

/**
 * Losses that are still on their device. A batch's losses are an object whose numbers come when one is looked at, and a GPU is waited
 * for then; those of all batches of an accumulation window come together at its optimization step. Who needs numbers, but not at
 * once, looks at them after that.
 */
export type BatchLosses = Readonly<Record<string, number>>;

const unread = new WeakSet<BatchLosses>();

/** For who makes them: looking at them waits for a device from now on. */
export function markUnread(losses: BatchLosses): void {
  unread.add(losses);
}
/** They are numbers now. */
export function markRead(losses: BatchLosses): void {
  unread.delete(losses);
}
/** Whether nothing is waited for when they are looked at. */
export function areRead(losses: BatchLosses): boolean {
  return !unread.has(losses);
}

/** What is to be done with losses, in the order of the batches, once all of them have come. */
export class WhenRead {
  #waiting: (() => void)[] = [];

  /** Does it at once where the losses are there already, with all that waited for those before. */
  add(losses: BatchLosses, use: () => void): void {
    this.#waiting.push(use);
    if (areRead(losses)) this.now();
  }
  /** As {@link add}, with an event: who is told of events does not wait for a device only to pass them on. */
  addEvent(event: RunEvent, use: () => void): void {
    this.add(event.kind === "batch" ? event.losses : {}, use);
  }
  /** Whether nothing waits. */
  get isDone(): boolean {
    return this.#waiting.length === 0;
  }
  /** Does all that waits: somebody needs the numbers now. */
  now(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const use of waiting) use();
  }
  /** What waits is of a training that is over. */
  clear(): void {
    this.#waiting = [];
  }
}
