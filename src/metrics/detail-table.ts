import { GrowingTable, type Row, readTsv, readTsvColumns } from "../io/tsv/index.ts";
import { checkColumns, readTable, TABLE_KEYS, withNan } from "./tables.ts";

/**
 * The values per sample. All rows are in memory; or, where they are kept in a file, those of the last epoch are, and all are in the file.
 * Methods get the names of the metrics that there are at that moment.
 */
export class DetailTable {
  #rows: Row[] = [];
  /** Where the rows of all epochs are, if not in memory. */
  #path: string | null = null;
  #file: GrowingTable | null = null;

  get rows(): readonly Row[] {
    return this.#rows;
  }
  /** The rows of all epochs; null where they are in memory, or there are none yet. */
  get file(): GrowingTable | null {
    return this.#file;
  }
  /** The rows of an epoch; null: all. */
  of(epoch: number | null): Row[] {
    return this.#rows.filter((row) => isOf(epoch, row));
  }

  /** See `MetricsHandler.keepDetailsIn`. */
  keepIn(path: string | null): void {
    this.#path = path;
    this.#file = null;
  }

  add(rows: readonly Row[], epoch: number | null): void {
    if (this.#path !== null && epoch !== null && this.#rows[0]?.epoch !== epoch) this.#rows = [];
    for (const row of rows) this.#rows.push(row);
  }
  /** Takes rows in the place of those of an epoch; null: of all. */
  replace(epoch: number | null, rows: readonly Row[]): void {
    this.#rows = [...this.#rows.filter((row) => !isOf(epoch, row)), ...rows];
  }
  /** All rows of an epoch are there: they go to the file. */
  finish(epoch: number, metrics: readonly string[]): void {
    if (this.#path === null) return;
    this.#file ??= growing(this.#path, metrics);
    this.#file.append(this.of(epoch));
  }
  reset(): void {
    this.#rows = [];
    this.#file = null;
  }

  /** The file gets the columns that there are now. */
  columnsChanged(metrics: readonly string[]): void {
    if (this.#file === null) return;
    const rows = readTsv(this.#file.path);
    this.#file = growing(this.#file.path, metrics);
    this.#file.append(rows);
  }

  /**
   * Takes the rows that are in another file; null: there are none.
   * @param last the last epoch; null: it is not known
   */
  load(path: string | null, last: number | null, metrics: readonly string[]): void {
    if (this.#path !== null && path !== null && last !== null) {
      checkColumns(path, [...TABLE_KEYS, ...metrics], readTsvColumns(path));
      this.#file = GrowingTable.from(this.#path, path, [...TABLE_KEYS, ...metrics], { floats: metrics });
      this.#rows = withNan(this.#file.lastRows(last), metrics);
    } else {
      this.#rows = path === null ? [] : readTable(path, ["participant_id", "session_id"], metrics);
      this.#file = null;
    }
  }
}

function isOf(epoch: number | null, row: Row): boolean {
  return epoch === null || row.epoch === epoch;
}

function growing(path: string, metrics: readonly string[]): GrowingTable {
  return new GrowingTable(path, [...TABLE_KEYS, ...metrics], { floats: metrics });
}
