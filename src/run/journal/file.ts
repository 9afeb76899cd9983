import { existsSync } from "node:fs";
import { writeFileAtomic } from "../../io/files/index.ts";
import { appendInside, keepEventLines } from "../../io/maps/index.ts";
import { areRead } from "../unread-losses.ts";
import type { EventReceiver } from "./journal.ts";
import { formatEvent, type RunEvent } from "./schema.ts";
import { BLOCK, staysAfter } from "./thinning.ts";

/** What comes is written after this time at the latest, when the next event comes. */
const FLUSH_MS = 1000;
/** After these, at once. */
const FLUSHED: ReadonlySet<RunEvent["kind"]> = new Set([
  "start",
  "resume",
  "epoch",
  "checkpoint",
  "interruption",
  "error",
  "end",
]);

/** So many warnings are in the file; all of them are in `warning.log`. */
const MOST_WARNINGS = 1000;
const LONGEST_WARNING = 2000;

export interface EventsFileOptions {
  /** Of an epoch. */
  readonly batches: number;
  /** How many warnings the file has already. Default 0. */
  readonly warnings?: number;
  /** See {@link BLOCK}. */
  readonly block?: number;
}

/** Whether nothing is waited for when it is formatted. */
function isThere(event: RunEvent): boolean {
  return event.kind !== "batch" || areRead(event.losses);
}

/** The events of a training, a line of JSON each, in a file that grows with it; old batches are thinned. */
export class EventsFile implements EventReceiver {
  readonly path: string;
  readonly #batches: number;
  readonly #block: number;
  #warnings: number;
  /** What is not formatted yet: the losses of a batch may still be on their device. */
  #events: RunEvent[] = [];
  #text = "";
  #flushedAt = 0;
  #torn = false;

  /** Goes on with the file that is there, or begins one. */
  constructor(path: string, { batches, warnings = 0, block = BLOCK }: EventsFileOptions) {
    this.path = path;
    this.#batches = batches;
    this.#warnings = warnings;
    this.#block = block;
    if (!existsSync(path)) writeFileAtomic(path, "");
  }

  receive(event: RunEvent): void {
    const kept = event.kind === "warning" ? this.#bounded(event) : event;
    if (kept !== null) this.#events.push(kept);
    const isDue = Math.abs(event.time - this.#flushedAt) >= FLUSH_MS && this.#events.every(isThere);
    if (FLUSHED.has(event.kind) || isDue) {
      this.flush();
      this.#flushedAt = event.time;
    }
    if (event.kind !== "batch") return;
    const trained = this.#place(event.epoch, event.batch);
    if (trained % this.#block === 0) this.#thin(trained);
  }

  #bounded(event: RunEvent & { readonly kind: "warning" }): RunEvent | null {
    this.#warnings++;
    if (this.#warnings > MOST_WARNINGS) return null;
    const isLast = this.#warnings === MOST_WARNINGS;
    const message = isLast ? "There are more warnings: see warning.log." : event.message.slice(0, LONGEST_WARNING);
    return { ...event, message };
  }

  flush(): void {
    for (const event of this.#events.splice(0)) this.#text += `${formatEvent(event)}\n`;
    if (this.#text === "") return;
    // a line that was written in part ends here, and is passed over by readers
    const text = this.#torn ? `\n${this.#text}` : this.#text;
    this.#torn = true;
    appendInside(this.path, text);
    this.#torn = false;
    this.#text = "";
  }

  /** The number of a batch over all epochs, from 1. */
  #place(epoch: number, batch: number): number {
    return (epoch - 1) * this.#batches + batch;
  }
  #thin(trained: number): void {
    const stays = staysAfter(trained, this.#block);
    this.flush();
    keepEventLines(this.path, ({ kind, epoch, batch }) => {
      if (kind !== "batch" && kind !== "checkpoint") return true;
      return typeof epoch !== "number" || typeof batch !== "number" || stays(this.#place(epoch, batch));
    });
  }
}
