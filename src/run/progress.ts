import type { LaterEvent, RunEvent } from "./journal/schema.ts";

/** What the events of a run have come to: what a line of progress is made of. */
export interface Progress {
  readonly call: "train" | "validate" | "test" | "predict";
  readonly split: number;
  readonly epoch: number;
  readonly epochs: number;
  readonly batch: number;
  /** Of an epoch, or of the evaluation. */
  readonly batches: number;
  /** When the run began, or went on, and when the last event was: in milliseconds since 1970. */
  readonly begunAt: number;
  readonly time: number;
  /** Where the training began, or went on: after so many batches. */
  readonly begunAfter: number;
  /** The batches since then: in a training, those that were trained on. */
  readonly done: number;
  /** The sums of the losses of this epoch, of `count` batches. */
  readonly sums: Readonly<Record<string, number>>;
  readonly count: number;
  /** The metrics of this epoch's validation. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Those of the last validation, of this epoch or of one before. */
  readonly validated: Readonly<Record<string, number>>;
}

export const NO_PROGRESS: Progress = {
  call: "train",
  split: 0,
  epoch: 0,
  epochs: 0,
  batch: 0,
  batches: 0,
  begunAt: 0,
  time: 0,
  begunAfter: 0,
  done: 0,
  sums: {},
  count: 0,
  metrics: {},
  validated: {},
};

const NEW_EPOCH = { sums: {}, count: 0, metrics: {} };

/** What it has come to after one event more. */
export function advance(before: Progress, event: RunEvent | LaterEvent): Progress {
  const { time } = event;
  switch (event.kind) {
    case "start": {
      const { split, epochs, batches } = event;
      return { ...NO_PROGRESS, split, epochs, batches, begunAt: time, time };
    }
    case "resume": {
      const { split, epochs, batches, epoch, batch } = event;
      const begunAfter = (epoch - 1) * batches + (batch ?? batches);
      return { ...NO_PROGRESS, split, epoch, epochs, batches, begunAfter, begunAt: time, time };
    }
    case "evaluation":
      return { ...NO_PROGRESS, call: event.call, batches: event.batches, begunAt: time, time };
    case "batch": {
      const { epoch, batch, losses } = event;
      const progress = epoch === before.epoch ? before : { ...before, ...NEW_EPOCH };
      const sums = { ...progress.sums };
      for (const [name, loss] of Object.entries(losses)) sums[name] = (sums[name] ?? 0) + loss;
      // not counted: of old batches a file keeps some only
      const done = (epoch - 1) * before.batches + batch - before.begunAfter;
      return { ...progress, epoch, batch, sums, count: progress.count + 1, done, time };
    }
    case "evaluated":
      return { ...before, batch: event.batch, done: before.done + 1, time };
    case "metrics":
      return { ...before, metrics: event.values, validated: event.values, time };
    case "epoch":
      return { ...before, epoch: event.epoch, time };
    case "validation":
    case "model":
    case "checkpoint":
    case "warning":
    case "interruption":
    case "error":
    case "end":
    case "later":
      return { ...before, time };
  }
}

/**
 * The line that moves: `Split 0  Epoch 3/10  4/8  loss 0.5123  val auc 0.75  0.5 batches/s  0:24 left`.
 * @param width how long it may be: of the metrics of the last validation, as many are in it as there is room for.
 */
export function movingLine(progress: Progress, width = 80): string {
  const all = Object.entries(progress.validated);
  for (let count = all.length; count > 0; count--) {
    const line = lineWith(progress, all.slice(0, count));
    if (line.length <= width) return line;
  }
  return lineWith(progress, []).slice(0, width);
}

function lineWith(progress: Progress, metrics: readonly (readonly [name: string, value: number])[]): string {
  const { call, epoch, epochs, batch, batches, sums, count, done, begunAt, time } = progress;
  const rate = done / Math.max((time - begunAt) / 1000, 1e-9);
  const left = call === "train" ? (epochs - epoch + 1) * batches - batch : batches - batch;
  return [
    whereIn(progress),
    ...Object.entries(sums).map(([name, sum]) => `${name} ${shortNumber(sum / Math.max(count, 1))}`),
    ...metrics.map(([name, value]) => `val ${name} ${shortNumber(value)}`),
    `${shortNumber(rate)} batches/s`,
    `${duration(left / rate)} left`,
  ].join("  ");
}

/** `Split 0  Epoch 3/10  4/8`. */
export function whereIn({ call, split, epoch, epochs, batch, batches }: Progress): string {
  const title =
    call === "train" ? `Split ${split}  Epoch ${epoch}/${epochs}` : call === "predict" ? "Prediction" : "Evaluation";
  return `${title}  ${batch}/${batches}`;
}

/**
 * The line that stays after an event, if one does: of an epoch, and of the end of a training.
 * @param progress with this event.
 * @param place the folder of the results.
 */
export function lastingLine(progress: Progress, event: RunEvent | LaterEvent, place: string): string | null {
  const { call, split, epochs, metrics, begunAt, time } = progress;
  if (event.kind === "epoch") {
    const values = [
      ...Object.entries(event.losses),
      ...Object.entries(metrics).map(([name, value]) => [`validation ${name}`, value] as const),
    ].map(([name, value]) => `${name} ${shortNumber(value)}`);
    return [`Split ${split}  epoch ${event.epoch}/${epochs}`, ...values].join("  ");
  }
  if (event.kind !== "end" || call !== "train") return null;
  return `Split ${split}  done in ${duration((time - begunAt) / 1000)}  → ${place}`;
}

/** Four significant digits. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

/** `1:02:03`, `2:03`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
