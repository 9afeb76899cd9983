import { appendFileSync } from "node:fs";
import { formatTsv, type Row, writeTsv } from "../io/tsv/index.ts";
import { naming } from "../utils/file-errors.ts";

/** A table of numbers that grows while training runs, so that it can be looked at meanwhile. */
export class LiveTable {
  readonly path: string;
  readonly columns: readonly string[];
  readonly floats: readonly string[];
  #written: number | null = null;

  constructor(path: string, columns: readonly string[], floats: readonly string[]) {
    this.path = path;
    this.columns = columns;
    this.floats = floats;
  }

  /** Brings the file to `rows`: all of them at first, what is new from then on. */
  update(rows: readonly Row[]): void {
    if (this.#written === null) {
      writeTsv(this.path, rows, this.columns, { floats: this.floats });
    } else if (this.#written < rows.length) {
      const text = formatTsv(rows.slice(this.#written), this.columns, { floats: this.floats });
      naming(this.path, () => appendFileSync(this.path, text.slice(text.indexOf("\n") + 1)));
    }
    this.#written = rows.length;
  }
  /** Writes the file anew, as a whole. */
  finish(rows: readonly Row[]): void {
    this.#written = null;
    this.update(rows);
  }
}
