import { parseEvent, type RunEvent } from "../../run/journal/schema.ts";
import { Tail } from "../../run/journal/tail.ts";

/** What was added to a file of events since the last look. */
export interface Added {
  /** The file has begun, or was written anew (thinned, rewound): what is known of it is read again. */
  readonly isAnew: boolean;
  readonly events: readonly RunEvent[];
}

/**
 * What is added to a training's file of events from now on. What is there already is read by who shows it.
 *
 * ```ts
 * using follower = new Follower(eventsJsonl);
 * const { events } = follower.look();
 * ```
 */
export class Follower implements Disposable {
  readonly #tail: Tail;

  constructor(path: string) {
    this.#tail = new Tail(path, { skips: true });
    this.#tail.read();
  }

  look(): Added {
    const { lines, anew } = this.#tail.read();
    const events = lines.flatMap((line) => {
      const event = line === "" ? null : parseEvent(line);
      return event === null || event.kind === "later" ? [] : event;
    });
    return { isAnew: anew, events: anew ? [] : events };
  }

  [Symbol.dispose](): void {
    this.#tail[Symbol.dispose]();
  }
}
