import { type OutputStream, standardError } from "../utils/output.ts";
import { visible } from "../utils/visible.ts";

/** How often a terminal's line is drawn anew, at most. */
const INTERVAL_MS = 100;

/** What one epoch, or one evaluation, has come to. */
export interface Progress {
  /** `Epoch 3/10`. */
  readonly title: string;
  readonly batch: number;
  readonly batches: number;
  /** Of the run: all epochs that are left, or the evaluation. */
  readonly batchesLeft: number;
  /** Asked for when the line is drawn. */
  readonly values: () => Readonly<Record<string, number>>;
}

/**
 * The progress of a run: one moving line on a terminal, with losses, batches per second and the time left; one line per
 * finished epoch elsewhere, such as in the log of a batch job.
 */
export class ProgressLine {
  readonly #stream: OutputStream;
  readonly #clock: () => number;
  #start = 0;
  #done = 0;
  #drawn = Number.NEGATIVE_INFINITY;
  #shown = false;

  constructor(stream: OutputStream = standardError, clock: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /** Begins to measure the rate. */
  begin(): void {
    this.#start = this.#clock();
    this.#done = 0;
  }

  /** One batch is done. */
  update(progress: Progress): void {
    this.#done++;
    const now = this.#clock();
    if (this.#stream.isTTY !== true || now - this.#drawn < INTERVAL_MS) return;
    this.#drawn = now;
    const seconds = (now - this.#start) / 1000;
    const rate = this.#done / Math.max(seconds, 1e-9);
    const left = duration(progress.batchesLeft / rate);
    const parts = [
      `${progress.title}  ${progress.batch}/${progress.batches}`,
      ...Object.entries(progress.values()).map(([name, value]) => `${name} ${shortNumber(value)}`),
      `${shortNumber(rate)} batches/s`,
      `${left} left`,
    ];
    const line = visible(parts.join("  ")).slice(0, (this.#stream.columns ?? 80) - 1);
    this.#stream.write(`\r\x1b[K${line}`);
    this.#shown = true;
  }

  /** Something is complete: a line that stays. */
  finish(title: string, values: Readonly<Record<string, number>>): void {
    this.clear();
    const text = Object.entries(values).map(([name, value]) => `${name} ${shortNumber(value)}`);
    this.#stream.write(`${visible([title, ...text].join("  "))}\n`);
  }

  /** Takes the moving line away, so that something else can be written. */
  clear(): void {
    if (this.#shown) this.#stream.write("\r\x1b[K");
    this.#shown = false;
    this.#drawn = Number.NEGATIVE_INFINITY;
  }
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
