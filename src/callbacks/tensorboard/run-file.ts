import { join } from "node:path";
import { ensureFolder } from "../../io/files/index.ts";
import { type EventReceiver, type RunEvent, WhenRead } from "../../run/index.ts";
import { curvePoint } from "../curve-point.ts";
import { append, recordsOf, type TensorBoardEvent } from "./event-file.ts";

/** What comes is written after this time at the latest, when the next event comes. */
const FLUSH_MS = 1000;

/**
 * What a training says of itself, as curves. A step is a batch of training: what is measured at the end of an epoch has the step of its last batch.
 * Steps that are made again after an interruption take the place of those that were lost.
 */
export class TensorBoardFile implements EventReceiver {
  readonly #folder: string;
  readonly #onError: (error: unknown) => void;
  #path: string | null = null;
  #batches = 0;
  readonly #whenRead = new WhenRead();
  #records: TensorBoardEvent[] = [];
  #flushedAt = Number.NEGATIVE_INFINITY;
  #failed = false;

  /** @param onError is told once that nothing more is written. */
  constructor(folder: string, onError: (error: unknown) => void) {
    this.#folder = folder;
    this.#onError = onError;
  }

  receive(event: RunEvent): void {
    if (this.#failed) return;
    this.#whenRead.addEvent(event, () => this.#add(event));
    const isDue = Math.abs(event.time - this.#flushedAt) >= FLUSH_MS && this.#whenRead.isDone;
    if (event.kind === "batch" && !isDue) return;
    this.flush();
    this.#flushedAt = event.time;
  }

  flush(): void {
    this.#whenRead.now();
    if (this.#failed || this.#path === null || this.#records.length === 0) return;
    try {
      ensureFolder(this.#folder);
      append(this.#path, recordsOf(this.#records.splice(0)));
    } catch (error) {
      this.#failed = true;
      this.#onError(error);
    }
  }

  #add(event: RunEvent): void {
    const seconds = event.time / 1000;
    if (event.kind === "start" || event.kind === "resume") {
      this.#batches = event.batches;
      // readers take the files of a folder in the order of their names
      this.#path = join(
        this.#folder,
        `events.out.tfevents.${String(Math.floor(event.time)).padStart(14, "0")}.clinicadl`,
      );
      this.#records.push({ kind: "version", seconds, step: 0 });
    }
    if (event.kind === "resume") {
      const { epoch, batch } = event;
      const done = batch === null ? epoch * event.batches : (epoch - 1) * event.batches + batch;
      this.#records.push({ kind: "restart", seconds, step: done + 1 });
    }
    const point = curvePoint(event, this.#batches);
    if (point === null || point.values.length === 0) return;
    const scalars = point.values.map(([tag, value]) => ({ tag, value }));
    this.#records.push({ kind: "scalars", seconds, step: point.step, scalars });
  }
}
