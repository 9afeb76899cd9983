import type { Row } from "../../io/tsv/index.ts";
import * as torch from "../../torch/index.ts";

/** The columns that say of which batch a row is; no loss may have their names. */
export const BATCH_COLUMNS: readonly string[] = ["epoch", "batch"];

/**
 * Numbers that are recorded batch after batch, of all epochs, since ClinicaDL has them all in each checkpoint: 8 bytes
 * for the place of a batch and 8 for each number, and no objects. A million batches with one loss take 16 MB.
 */
export class BatchRecords {
  /** How many numbers there are for each batch. */
  readonly width: number;
  #length = 0;
  #places = new Int32Array(2 * 64);
  #values: Float64Array<ArrayBuffer>;

  constructor(width: number) {
    this.width = width;
    this.#values = new Float64Array(width * 64);
  }
  get length(): number {
    return this.#length;
  }

  /** @param values those that are missing are NaN. */
  add(epoch: number, batch: number, values: readonly number[]): void {
    if (2 * this.#length === this.#places.length) this.#grow();
    this.#places[2 * this.#length] = epoch;
    this.#places[2 * this.#length + 1] = batch;
    for (let k = 0; k < this.width; k++) this.#values[this.width * this.#length + k] = values[k] ?? Number.NaN;
    this.#length++;
  }
  #grow(): void {
    const [places, values] = [this.#places, this.#values];
    this.#places = new Int32Array(2 * places.length);
    this.#places.set(places);
    this.#values = new Float64Array(2 * values.length);
    this.#values.set(values);
  }

  epoch(i: number): number {
    return this.#places[2 * i] ?? Number.NaN;
  }
  batch(i: number): number {
    return this.#places[2 * i + 1] ?? Number.NaN;
  }
  value(i: number, k: number): number {
    return this.#values[this.width * i + k] ?? Number.NaN;
  }
  values(i: number): number[] {
    return Array.from(this.#values.subarray(this.width * i, this.width * (i + 1)));
  }

  /** From the i-th batch on, as rows of a table: epoch, batch, and the numbers by `names`; some at a time. */
  *rows(names: readonly string[], from = 0): Generator<Row[]> {
    for (let start = from; start < this.#length; start += PART) {
      const count = Math.min(PART, this.#length - start);
      yield Array.from({ length: count }, (_, i) => {
        const row: Row = { epoch: this.epoch(start + i), batch: this.batch(start + i) };
        for (const [k, name] of names.entries()) row[name] = this.value(start + i, k);
        return row;
      });
    }
  }

  /**
   * As Python has it, for a `.pt` file that is written now: `{(epoch, batch): number}` of one column, or
   * `{(epoch, batch): [number, …]}` of all.
   */
  toDict(column: number | "all"): torch.PairDict {
    return new torch.PairDict({
      keys: this.#places.subarray(0, 2 * this.#length),
      values: this.#values.subarray(0, this.width * this.#length),
      width: this.width,
      column: column === "all" ? null : column,
    });
  }
}

/** So many rows are formatted at once. */
const PART = 10_000;
