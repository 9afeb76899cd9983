import { columnsOf, type Row, readTsv, readTsvColumns, writeTsv } from "../io/tsv/index.ts";
import { DataFrameError } from "../utils/exceptions.ts";

/** The columns that say of which epoch and sample a row of metrics is. */
export const TABLE_KEYS: readonly string[] = ["epoch", "participant_id", "session_id"];

/** Adds rows with these columns to those of a file: see {@link mergeTables}. Columns of the file stay, and come first. */
export function mergeIntoFile(path: string, rows: readonly Row[], fresh: readonly string[]): void {
  const columns = [...new Set([...readTsvColumns(path), ...fresh])];
  const merged = mergeTables(readTsv(path), withEmptyCells(rows));
  writeTsv(path, merged, columns, { floats: columns.filter((column) => !TABLE_KEYS.includes(column)) });
}

/** Metric values as the TSV holds them: an empty cell for NaN. */
export function withEmptyCells(rows: readonly Row[]): Row[] {
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([k, v]) => [k, typeof v === "number" && Number.isNaN(v) ? null : v])),
  );
}

/** The reverse of {@link withEmptyCells}, for the columns of `metrics`. */
export function withNan(rows: readonly Row[], metrics: readonly string[]): Row[] {
  const names = new Set(metrics);
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([k, v]) => [k, v === null && names.has(k) ? Number.NaN : v])),
  );
}

/**
 * Reads a table of metric values.
 * @param keys the columns that it has beside those of the metrics
 * @throws DataFrameError where a column is not there
 */
export function readTable(path: string, keys: readonly string[], metrics: readonly string[]): Row[] {
  const rows = readTsv(path);
  if (rows[0] !== undefined) checkColumns(path, [...keys, ...metrics], Object.keys(rows[0]));
  return withNan(rows, metrics);
}

/** @throws DataFrameError unless all that are wanted are among the columns of a file. */
export function checkColumns(path: string, wanted: readonly string[], columns: readonly string[]): void {
  const missing = wanted.filter((column) => !columns.includes(column));
  if (missing.length === 0) return;
  throw new DataFrameError(`${path} lacks the column(s) ${missing.map((c) => `'${c}'`).join(", ")}.`);
}

/**
 * Adds to `old` the columns of `fresh`, row by row for the same epoch, participant and session (the k-th row of a session
 * with the k-th: a session has several rows when its samples are patches or slices). Values of `fresh` win; its other
 * rows come last.
 */
export function mergeTables(old: readonly Row[], fresh: readonly Row[]): Row[] {
  const keys = TABLE_KEYS.filter((key) => [old, fresh].every((rows) => rows.every((row) => key in row)));
  const columns = [...columnsOf([...old, ...fresh])];
  const merged = new Map<string, Row>();
  for (const rows of [old, fresh]) {
    const seen = new Map<string, number>();
    for (const row of rows) {
      const key = JSON.stringify(keys.map((k) => row[k]));
      const occurrence = seen.get(key) ?? 0;
      seen.set(key, occurrence + 1);
      const id = `${key} ${occurrence}`;
      merged.set(id, { ...merged.get(id), ...row });
    }
  }
  return [...merged.values()].map((row) => Object.fromEntries(columns.map((column) => [column, row[column] ?? null])));
}
