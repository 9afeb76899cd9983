import { sync } from "../../io/files/index.ts";
import { appendInside } from "../../io/maps/index.ts";
import { formatTsv, writeTsvParts } from "../../io/tsv/index.ts";
import { BATCH_COLUMNS, type BatchRecords } from "./batch-records.ts";

/** A table of numbers per batch that grows while training runs, so that it can be looked at meanwhile. */
export class LiveTable {
  readonly path: string;
  readonly names: readonly string[];
  readonly #columns: readonly string[];
  #written: number | null = null;

  /** @param names the columns of the numbers, after `epoch` and `batch`. */
  constructor(path: string, names: readonly string[]) {
    this.path = path;
    this.names = names;
    this.#columns = [...BATCH_COLUMNS, ...names];
  }

  /** Brings the file to `records`: all of them at first, what is new from then on. */
  update(records: BatchRecords): void {
    const options = { floats: this.names };
    const fresh = records.rows(this.names, this.#written ?? 0);
    if (this.#written === null) {
      writeTsvParts(this.path, fresh, this.#columns, options);
    } else {
      for (const rows of fresh) {
        const text = formatTsv(rows, this.#columns, options);
        appendInside(this.path, text.slice(text.indexOf("\n") + 1));
      }
    }
    this.#written = records.length;
  }
  /** Brings the file to `records`, and puts all of it on the disk. */
  finish(records: BatchRecords): void {
    this.update(records);
    sync(this.path);
  }
}
