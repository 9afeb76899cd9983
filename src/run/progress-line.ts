import { type OutputStream, progressOutput } from "../utils/output.ts";
import { visible } from "../utils/visible.ts";
import type { EventReceiver } from "./journal/journal.ts";
import type { RunEvent } from "./journal/schema.ts";
import { advance, lastingLine, movingLine, NO_PROGRESS, type Progress } from "./progress.ts";
import { WhenRead } from "./unread-losses.ts";

/** How often a terminal's line is drawn anew, at most. */
const INTERVAL_MS = 100;

/**
 * The progress of a run on standard error: one moving line on a terminal, with losses, batches per second and the time left; one
 * line per finished epoch elsewhere, such as in the log of a batch job.
 */
export class ProgressLine implements EventReceiver {
  readonly #stream: OutputStream;
  #place = "";
  #progress: Progress = NO_PROGRESS;
  readonly #whenRead = new WhenRead();
  #drawn = Number.NEGATIVE_INFINITY;
  #shown = false;

  constructor(stream: OutputStream = progressOutput) {
    this.#stream = stream;
  }

  /** @param place the folder of the results. */
  begin(place: string): void {
    this.#place = place;
    this.#progress = NO_PROGRESS;
    this.#whenRead.clear();
  }

  receive(event: RunEvent): void {
    this.#whenRead.addEvent(event, () => this.#show(event));
  }

  #show(event: RunEvent): void {
    this.#progress = advance(this.#progress, event);
    const line = lastingLine(this.#progress, event, this.#place);
    if (line !== null) {
      this.makeRoom();
      this.#stream.write(`${visible(line)}\n`);
    }
    if (event.kind === "batch" || event.kind === "evaluated") this.#draw(event.time);
    if (event.kind === "end" || event.kind === "error" || event.kind === "interruption") this.makeRoom();
  }

  #draw(now: number): void {
    if (this.#stream.isTTY !== true || now - this.#drawn < INTERVAL_MS) return;
    this.#drawn = now;
    const width = (this.#stream.columns ?? 80) - 1;
    const line = visible(movingLine(this.#progress, width)).slice(0, width);
    this.#stream.write(`\r\x1b[K${line}`);
    this.#shown = true;
  }

  /** Takes the moving line away, so that something else can be written. */
  makeRoom(): void {
    if (this.#shown) this.#stream.write("\r\x1b[K");
    this.#shown = false;
    this.#drawn = Number.NEGATIVE_INFINITY;
  }
}
