import { setTimeout } from "node:timers/promises";
import { type LaterEvent, parseEvent, type RunEvent } from "./schema.ts";
import { Tail } from "./tail.ts";

export interface FollowOptions {
  /** Ends it, once it is aborted: that of an AbortController. */
  readonly signal?: { readonly aborted: boolean };
  /** How often the file is looked at, in milliseconds. Default 500. */
  readonly interval?: number;
  /** Whether it looks at the file once more after `signal` was aborted: what was told until then is not lost. Default false. */
  readonly lastLook?: boolean;
}

/**
 * What a training says of itself: all that `readEvents` gives, and what is added from then on; also of a training that has not
 * begun. It does not end by itself, since a training that is complete can be extended: leave the loop at `end`, or abort `signal`.
 *
 * Each event comes once. Where a training goes on from a checkpoint, `resume` comes, and says where: what was told of batches and
 * epochs after that does not hold any more, and comes anew.
 * @example
 * ```ts
 * const losses: number[] = [];
 * for await (const event of followEvents("maps/training/split-0/.clinicadl-ts/events.jsonl")) {
 *   if (event.kind === "epoch") losses.push(event.losses.loss ?? Number.NaN);
 *   if (event.kind === "end") break;
 * }
 * console.log(losses.length); // → 2
 * ```
 */
export async function* followEvents(
  path: string,
  { signal, interval = 500, lastLook = false }: FollowOptions = {},
): AsyncGenerator<RunEvent | LaterEvent, void> {
  using tail = new Tail(path);
  const seen = new SeenEvents();
  for (let isLast = false; !isLast; ) {
    isLast = signal?.aborted === true;
    if (isLast && !lastLook) return;
    const { lines, anew } = tail.read();
    const events = lines.flatMap((line) => parseEvent(line) ?? []);
    for (const event of anew ? seen.unseen(events) : events) {
      seen.add(event);
      yield event;
    }
    if (!isLast) await setTimeout(interval);
  }
}

/** What was told already, as far as it takes to tell it from what is new in a file that was thinned or rewound. */
class SeenEvents {
  /** When the training began, and went on. */
  readonly #runs = new Set<string>();
  #last = -1;
  /** Those of the last number. */
  #ofLast = new Set<string>();

  add(event: RunEvent | LaterEvent): void {
    if (isRun(event)) this.#runs.add(keyOf(event));
    if (event.n !== this.#last) this.#ofLast.clear();
    this.#last = event.n;
    this.#ofLast.add(keyOf(event));
  }

  unseen(events: readonly (RunEvent | LaterEvent)[]): (RunEvent | LaterEvent)[] {
    const first = events.findIndex((event) => isRun(event) && !this.#runs.has(keyOf(event)));
    const from = first < 0 ? events.length : first;
    // the file may have been thinned: what is left of what was told
    const [before, after] = [events.slice(0, from), events.slice(from)];
    const isNew = (event: RunEvent | LaterEvent) =>
      event.n > this.#last || (event.n === this.#last && !this.#ofLast.has(keyOf(event)));
    return [...before.filter(isNew), ...after];
  }
}

function isRun({ kind }: RunEvent | LaterEvent): boolean {
  return kind === "start" || kind === "resume";
}
function keyOf({ kind, n, time }: RunEvent | LaterEvent): string {
  return `${kind} ${n} ${time}`;
}
