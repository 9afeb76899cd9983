import type { LaterEvent, RunEvent } from "../../run/journal/schema.ts";
import { advance, duration, lastingLine, movingLine, NO_PROGRESS, type Progress, whereIn } from "../../run/progress.ts";
import type { OutputStream } from "../../utils/output.ts";
import { visible } from "../../utils/visible.ts";

/** How far the training of one fold is. */
interface Fold {
  readonly progress: Progress;
  /** What its lines begin with. */
  readonly prefix: string;
  /** Whether it goes on, as far as its events say. */
  readonly isMoving: boolean;
}

/** After so long without an event, a training is not said to move: its process may have been killed. */
const QUIET_MS = 60_000;

const NEW_FOLD: Fold = { progress: NO_PROGRESS, prefix: "", isMoving: false };

/**
 * The progress of several trainings at once: on a terminal a line for each that moves, and above these a line for each that is over; elsewhere a
 * line for each epoch. The cursor is always below of them and nothing about the terminal is changed, so that it can be left at any moment.
 */
export class FoldLines {
  readonly #stream: OutputStream;
  readonly #folds = new Map<string, Fold>();
  /** How many lines are shown that move. */
  #shown = 0;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  /**
   * @param name of the fold, where there are several MAPS with that of its MAPS: the same for all of its events.
   * @param prefix what its lines begin with: of which MAPS it is, or nothing.
   */
  receive(name: string, event: RunEvent | LaterEvent, { prefix = "", place = "" } = {}): void {
    const before = this.#folds.get(name) ?? NEW_FOLD;
    const progress = advance(before.progress, event);
    const isOver = event.kind === "end" || event.kind === "error" || event.kind === "interruption";
    const begins = event.kind === "start" || event.kind === "resume";
    this.#folds.set(name, { progress, prefix, isMoving: !isOver && (begins || before.isMoving) });
    const line = this.#lasting(progress, event, place);
    if (line === null) return;
    this.#clear();
    this.#stream.write(`${visible(prefix + line)}\n`);
  }

  #lasting(progress: Progress, event: RunEvent | LaterEvent, place: string): string | null {
    const { split, epoch, epochs, batch, begunAt, time } = progress;
    const at = `at epoch ${epoch}/${epochs}, batch ${batch}, after ${duration((time - begunAt) / 1000)}`;
    switch (event.kind) {
      case "interruption":
        return `Split ${split}  interrupted by ${event.signal} ${at}`;
      case "error":
        return `Split ${split}  failed ${at}: ${event.message}`;
      case "epoch":
        return this.#stream.isTTY === true ? null : lastingLine(progress, event, place);
      default:
        return lastingLine(progress, event, place);
    }
  }

  /**
   * Draws the lines that move anew.
   * @param now in milliseconds since 1970.
   * @param rows how many lines the terminal has.
   */
  draw(now: number, rows = 24): void {
    if (this.#stream.isTTY !== true) return;
    const width = (this.#stream.columns ?? 80) - 1;
    const moving = [...this.#folds]
      .filter(([, { isMoving }]) => isMoving)
      .toSorted(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
    const lines = moving.map(([, fold]) => visible(lineOf(fold, now, width)).slice(0, width));
    const kept = lines.length < rows ? lines : [...lines.slice(0, rows - 2), `and ${lines.length - rows + 2} more`];
    this.#clear();
    this.#stream.write(kept.map((line) => `${line}\n`).join(""));
    this.#shown = kept.length;
  }

  /** Takes the lines that move away. */
  #clear(): void {
    if (this.#shown > 0) this.#stream.write(`\x1b[${this.#shown}F\x1b[J`);
    this.#shown = 0;
  }
}

/** The line of a fold; of one that may not move any more, since when. */
function lineOf({ prefix, progress }: Fold, now: number, width: number): string {
  const quiet = now - progress.time;
  if (quiet > QUIET_MS) return `${prefix}${whereIn(progress)}  nothing new for ${duration(quiet / 1000)}`;
  return prefix + movingLine(progress, width - prefix.length);
}
