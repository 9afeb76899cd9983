import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { areRead, type EventReceiver, type RunEvent } from "../../run/index.ts";
import { append, recordsOf, type Scalar, type TensorBoardEvent } from "./event-file.ts";

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
  #waiting: RunEvent[] = [];
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
    this.#waiting.push(event);
    // losses may still be on their device
    if (event.kind === "batch" && !areRead(event.losses)) return;
    for (const one of this.#waiting.splice(0)) this.#add(one);
    const isDue = Math.abs(event.time - this.#flushedAt) >= FLUSH_MS;
    if (event.kind === "batch" && !isDue) return;
    this.flush();
    this.#flushedAt = event.time;
  }

  flush(): void {
    for (const one of this.#waiting.splice(0)) this.#add(one);
    if (this.#failed || this.#path === null || this.#records.length === 0) return;
    try {
      mkdirSync(this.#folder, { recursive: true });
      append(this.#path, recordsOf(this.#records.splice(0)));
    } catch (error) {
      this.#failed = true;
      this.#onError(error);
    }
  }

  #add(event: RunEvent): void {
    const seconds = event.time / 1000;
    const scalars = (epoch: number, batch: number, values: readonly Scalar[]): void => {
      const step = (epoch - 1) * this.#batches + batch;
      if (values.length > 0) this.#records.push({ kind: "scalars", seconds, step, scalars: values });
    };
    switch (event.kind) {
      case "start":
      case "resume": {
        this.#batches = event.batches;
        // readers take the files of a folder in the order of their names
        this.#path = join(
          this.#folder,
          `events.out.tfevents.${String(Math.floor(event.time)).padStart(14, "0")}.clinicadl`,
        );
        this.#records.push({ kind: "version", seconds, step: 0 });
        if (event.kind === "start") return;
        const { epoch, batch } = event;
        const done = batch === null ? epoch * event.batches : (epoch - 1) * event.batches + batch;
        this.#records.push({ kind: "restart", seconds, step: done + 1 });
        return;
      }
      case "batch": {
        const { losses, rates } = event;
        const measured = Object.entries(losses).map(([name, value]) => ({ tag: `train/${name}`, value }));
        const used = Object.entries(rates).flatMap(([name, groups]) =>
          groups.map((value, i) => ({ tag: `learning_rate/${name}${groups.length > 1 ? `/group ${i}` : ""}`, value })),
        );
        return scalars(event.epoch, event.batch, [
          ...measured,
          ...used,
          { tag: "time/batch (s)", value: event.seconds },
        ]);
      }
      case "metrics": {
        const values = Object.entries(event.values).map(([name, value]) => ({ tag: `validation/${name}`, value }));
        return scalars(event.epoch, this.#batches, values);
      }
      case "epoch": {
        const values = Object.entries(event.losses).map(([name, value]) => ({ tag: `epoch/${name}`, value }));
        return scalars(event.epoch, this.#batches, [...values, { tag: "time/epoch (s)", value: event.seconds }]);
      }
      case "validation":
      case "model":
      case "checkpoint":
      case "warning":
      case "interruption":
      case "error":
      case "end":
      case "evaluation":
      case "evaluated":
        return;
    }
  }
}
