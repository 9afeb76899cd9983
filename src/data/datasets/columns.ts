/** Which columns of a table samples carry, and what is made of them first. */
import type { Cell } from "../../io/tsv/index.ts";
import { show } from "../../utils/config.ts";
import { ConfigError, DataFrameError } from "../../utils/exceptions.ts";
import { SAMPLE_FIELDS } from "../structures/index.ts";
import type { ColumnFunction, Table } from "./table.ts";

/** Where datasets keep how many samples each row has. */
export const N_SAMPLES = "n_samples";

/** What becomes of the values of a column: `{ CN: 0, AD: 1 }`. A missing value stays missing. */
export type ColumnCodes = Readonly<Record<string, Cell>>;

/**
 * The columns that samples carry: names, or by name what is made of them: null for nothing, codes by value, or a function of the
 * column.
 */
export type ColumnsOption =
  | readonly string[]
  | Readonly<Record<string, ColumnFunction | ColumnCodes | null>>
  | null
  | undefined;

/** The table with the columns that samples carry, as their codes and functions make them. @param start of which `n_samples` are counts of this dataset. */
export function encodeColumns(
  dataset: string,
  start: Table,
  given: ColumnsOption,
): { readonly table: Table; readonly columns: readonly string[] | null } {
  let table = start;
  const functions = columnFunctions(dataset, given ?? null);
  for (const [column, encode] of functions ?? []) {
    refuseProtected(dataset, "column", column);
    if (column === N_SAMPLES) {
      throw new ConfigError(
        `${dataset}: a column cannot be named '${N_SAMPLES}': there it says how many samples each image gives. Rename it.`,
      );
    }
    table.requireColumn(column);
    if (typeof encode === "function") table = table.encode(column, encode);
    else if (encode !== null) table = withCodes(dataset, table, column, encode);
  }
  return { table, columns: functions === null ? null : [...functions.keys()] };
}

/** @throws DataFrameError for a value that has no code. */
function withCodes(dataset: string, table: Table, column: string, codes: ColumnCodes): Table {
  for (const row of table.rows) {
    const value = row[column] ?? null;
    if (value === null || Object.hasOwn(codes, String(value))) continue;
    throw new DataFrameError(
      `${dataset}: 'columns.${column}' has no code for ${show(value)} of (${row.participant_id}, ${row.session_id}). It has codes for: ${Object.keys(codes).join(", ")}.`,
    );
  }
  return table.encode(column, (cells) =>
    cells.map((value) => (value === null ? null : (codes[String(value)] ?? null))),
  );
}

function columnFunctions(
  dataset: string,
  columns: Exclude<ColumnsOption, undefined>,
): Map<string, ColumnFunction | ColumnCodes | null> | null {
  if (columns === null) return null;
  const entries: [string, ColumnFunction | ColumnCodes | null][] = isList(columns)
    ? columns.map((column) => [column, null])
    : Object.entries(columns);
  for (const [column, encode] of entries) {
    if (typeof column !== "string")
      throw new ConfigError(`${dataset}: 'columns' got ${show(column)}; names are needed.`);
    if (encode !== null && typeof encode !== "function" && !isCodes(encode)) {
      throw new ConfigError(
        `${dataset}: 'columns.${column}' got ${show(encode)}. Give a code for each value, as { CN: 0, AD: 1 }, a function of the column, or null.`,
      );
    }
  }
  return new Map(entries);
}

function isList(columns: Exclude<ColumnsOption, undefined | null>): columns is readonly string[] {
  return Array.isArray(columns);
}

function isCodes(encode: unknown): encode is ColumnCodes {
  return (
    typeof encode === "object" &&
    encode !== null &&
    !Array.isArray(encode) &&
    Object.values(encode).every((code) => code === null || ["number", "string", "boolean"].includes(typeof code))
  );
}

/** @throws ConfigError for a name that samples use themselves. */
export function refuseProtected(dataset: string, what: string, name: string): void {
  if (SAMPLE_FIELDS.includes(name)) {
    throw new ConfigError(
      `${dataset}: a ${what} cannot be named '${name}'. Samples use these names: ${SAMPLE_FIELDS.join(", ")}.`,
    );
  }
}

/** The table of somebody, in which `n_samples` are no counts of this dataset: they may be those of another, cut otherwise. */
export function uncounted(table: Table): Table {
  return table.without(N_SAMPLES);
}
