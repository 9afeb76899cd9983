/** `numWorkers: "auto"`: whether threads would pay is seen while an epoch is loaded without. */
import { availableParallelism } from "node:os";

/** Starting threads takes some tenths of a second, and each its memory: less than this (ms), in this epoch and the last ones, is not worth it. */
const WORTHWHILE = 2000;
/** The share of the time that may go into waiting for data. */
const TOLERATED = 0.05;
const MOST = 4;

/** As many threads as processors, less the one that trains; at least 1, at most 4. */
export function autoWorkers(): number {
  return Math.min(MOST, Math.max(1, availableParallelism() - 1));
}

/** Measures what loading costs the thread that trains. */
export class LoadingWatch {
  #begun = performance.now();
  #loading = 0;
  #batches = 0;
  #epochs = 0;
  /** Milliseconds of the epochs before, without the first, which reads what later ones may have in a cache. */
  #before = 0;

  /** Before the first batch of each epoch. */
  beginEpoch(): void {
    if (this.#epochs > 1) this.#before += this.#loading;
    this.#epochs += 1;
    this.#begun = performance.now();
    this.#loading = 0;
    this.#batches = 0;
  }

  /** Runs the loading of a batch, and measures it. */
  async measure<T>(load: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await load();
    } finally {
      this.add(performance.now() - start);
    }
  }

  /** A batch took so many milliseconds. */
  add(milliseconds: number): void {
    this.#loading += milliseconds;
    this.#batches += 1;
  }

  /**
   * Whether threads should load what is left. What loading has cost in the epochs before, it will cost again in those that come: so it pays for
   * many short epochs, too.
   * @param remaining how many batches are left in this epoch.
   * @param elapsed milliseconds since the epoch began. Default: as the clock says.
   */
  wouldPay(remaining: number, elapsed = performance.now() - this.#begun): boolean {
    // the first batch has costs that no other has: code that is compiled, folders that are read
    if (this.#batches < 2) return false;
    const expected = this.#before + (this.#loading / this.#batches) * remaining;
    return expected > WORTHWHILE && this.#loading > TOLERATED * elapsed;
  }
}
