import { hasFloats, markFloats } from "../../io/json/index.ts";
import {
  type Cell,
  columnsOf,
  floatColumns,
  looksNumeric,
  markFloatColumns,
  type ParticipantRow,
  pairKey,
  type Row,
  readParticipants,
} from "../../io/tsv/index.ts";
import { type JsonObject, type JsonValue, show } from "../../utils/config.ts";
import { CannotReadFieldError, DataFrameError } from "../../utils/exceptions.ts";
import { visible } from "../../utils/visible.ts";
import type { FieldType } from "../structures/index.ts";
import type { RowSelection } from "./dataset-like.ts";
import type { Missing } from "./missing-pairs.ts";
import { selectPairs } from "./select-pairs.ts";

/** The function that turns a column into what the network is to see: one value per row. */
export type ColumnFunction = (column: readonly Cell[]) => readonly Cell[];

/** The metadata of a dataset: one row per (participant, session), and which columns hold floats. */
export class Table {
  readonly rows: readonly ParticipantRow[];
  readonly floats: ReadonlySet<string>;
  /** Where each pair is; made when it is first asked for, since of a large table it takes as much memory as the rows. */
  #indexOf: ReadonlyMap<string, number> | null = null;

  constructor(rows: readonly ParticipantRow[], floats: Iterable<string>) {
    this.floats = new Set(floats);
    this.rows = markFloatColumns(rows, this.floats);
  }

  /** A copy of the rows, or the TSV. @param name what rows are called in messages. @throws DataFrameError when it is no table of participants and sessions. */
  static read(data: string | readonly Row[], name = "The table given as 'data'"): Table {
    const rows = readParticipants(data, { name, sessionsOptional: true });
    // rows of a file are nobody else's
    if (typeof data === "string") return new Table(rows, floatColumns(rows));
    const copies = rows.map(
      (row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, missingAsNull(v)])) as ParticipantRow,
    );
    return new Table(copies, floatColumns(rows));
  }

  get columns(): string[] {
    return [...columnsOf(this.rows)];
  }

  /** @throws DataFrameError naming the columns there are. */
  requireColumn(column: string): void {
    if (!this.rows.some((row) => Object.hasOwn(row, column))) {
      throw new DataFrameError(
        `There is no column '${column}' in the metadata. There are: ${this.columns.map(visible).join(", ")}.`,
      );
    }
  }

  /** The table with a column replaced by what the function makes of it. */
  encode(column: string, encode: ColumnFunction): Table {
    let encoded: readonly Cell[];
    try {
      encoded = encode(this.rows.map((row) => row[column] ?? null));
    } catch (error) {
      throw new DataFrameError(
        `The function given for the column '${column}' failed: ${(error as Error).message}. It gets the column as an array, and returns an array.`,
        { cause: error },
      );
    }
    if (!Array.isArray(encoded) || encoded.length !== this.rows.length) {
      const got = Array.isArray(encoded) ? `${encoded.length} values` : typeof encoded;
      throw new DataFrameError(
        `The function given for the column '${column}' must return an array of ${this.rows.length} values; it returned ${got}.`,
      );
    }
    const rows = this.rows.map((row, i): ParticipantRow => {
      const value: unknown = encoded[i];
      if (isCell(value)) return { ...row, [column]: missingAsNull(value) };
      throw new DataFrameError(
        `${who(row)}: the function given for the column '${column}' returned ${typeof value === "bigint" ? `${value}n` : show(value)} for ${JSON.stringify(row[column] ?? null)}. Return a number, a text or a boolean; null for a missing value.`,
      );
    });
    return this.#with(rows, column);
  }

  /** The table with a column of integers added. */
  withIntegers(column: string, values: readonly number[]): Table {
    const rows = this.rows.map((row, i): ParticipantRow => ({ ...row, [column]: values[i] ?? null }));
    return this.#with(rows, column);
  }

  /** The table without a column, which need not be there. */
  without(column: string): Table {
    if (!this.rows.some((row) => Object.hasOwn(row, column))) return this;
    const rows = this.rows.map(({ [column]: _, ...row }) => row as ParticipantRow);
    return new Table(
      rows,
      [...this.floats].filter((name) => name !== column),
    );
  }

  #with(rows: readonly ParticipantRow[], changed: string): Table {
    const isFloat = floatColumns(rows.map((row): Row => ({ [changed]: row[changed] ?? null }))).has(changed);
    const kept = [...this.floats].filter((column) => column !== changed);
    return new Table(rows, isFloat ? [...kept, changed] : kept);
  }

  /**
   * Where the pairs are, in the order asked for.
   * @throws DataFrameError for pairs that are not here, unless `missing` is "ignore"; and when none is.
   */
  find(selection: RowSelection, missing: Missing): number[] {
    this.#indexOf ??= new Map(this.rows.map((row, i) => [pairKey(row), i]));
    const index = this.#indexOf;
    return selectPairs(selection, this.rows, missing).flatMap((pair) => index.get(pairKey(pair)) ?? []);
  }

  take(indices: readonly number[]): Table {
    return new Table(
      indices.map((i) => this.rows[i]).filter((row) => row !== undefined),
      this.floats,
    );
  }

  /**
   * As what the values of a column become tensors, as pandas would have it: int64, float64 or bool. For text undefined, or which
   * cell makes it text where others look like numbers.
   */
  typeOf(column: string): FieldType | undefined {
    const values = this.rows.map((row) => row[column] ?? null);
    if (values.every((value) => typeof value === "boolean")) return "bool";
    if (values.every((value) => value === null || typeof value === "number"))
      return this.floats.has(column) || values.includes(null) ? "float64" : "int64";
    const odd = oddCell(this.rows, column);
    return odd === null ? undefined : { textBecause: `${who(odd.row)} has ${JSON.stringify(odd.value)}` };
  }

  /** {@link typeOf} of several columns, those of text left out. */
  types(columns: readonly string[]): ReadonlyMap<string, FieldType> {
    return new Map(
      columns.flatMap((column) => {
        const type = this.typeOf(column);
        return type === undefined ? [] : [[column, type] as const];
      }),
    );
  }

  /** Column by column, with row numbers as keys. */
  toDict(): JsonObject {
    return Object.fromEntries(
      this.columns.map((column): [string, JsonObject] => {
        const cells: JsonObject = Object.fromEntries(this.rows.map((row, i) => [String(i), row[column] ?? null]));
        return [column, this.floats.has(column) ? markFloats(cells) : cells];
      }),
    );
  }

  /** Reverse of {@link toDict}; row numbers may have gaps, as after a selection in pandas. */
  static fromDict(dict: JsonValue | undefined): Table {
    if (!isObject(dict))
      throw new CannotReadFieldError(`BidsDataset: 'data' must be a table, column by column.`, ["data"]);
    const rows = new Map<string, Row>();
    const floats: string[] = [];
    for (const [column, cells] of Object.entries(dict)) {
      // a row with such a member would have another prototype instead
      if (column === "__proto__")
        throw new CannotReadFieldError(`BidsDataset: a column of 'data' cannot be named '__proto__'.`, ["data"]);
      if (!isObject(cells))
        throw new CannotReadFieldError(`BidsDataset: the column '${column}' of 'data' must be an object.`, ["data"]);
      if (hasFloats(cells)) floats.push(column);
      for (const [index, value] of Object.entries(cells)) {
        if (typeof value === "object" && value !== null) {
          throw new CannotReadFieldError(
            `BidsDataset: row ${index} of the column '${column}' of 'data' is not a value.`,
            ["data"],
          );
        }
        const row = rows.get(index) ?? {};
        row[column] = missingAsNull(value);
        rows.set(index, row);
      }
    }
    const list = [...rows.values()];
    return new Table(readParticipants(list, { name: "The table of the dataset" }), [...floatColumns(list), ...floats]);
  }
}

/** Whose row it is, for messages. */
function who(row: Row): string {
  return `(${row.participant_id}, ${row.session_id})`;
}

/**
 * The first cell of a column that makes it text, where other cells look like numbers: a word in a column of ages, or an
 * integer beyond 2^53. Null where no cell looks like a number, or all cells are numbers.
 * @example
 * ```ts
 * const rows = ["77.5", "eighty", "81"].map((age, i) => ({ participant_id: `sub-${i}`, session_id: "ses-M000", age }));
 * console.log(oddCell(rows, "age")?.value); // → eighty
 * ```
 */
export function oddCell<T extends Row>(rows: readonly T[], column: string): { row: T; value: Cell } | null {
  const isNumber = (value: Cell): boolean =>
    typeof value === "number" || (typeof value === "string" && looksNumeric(value));
  const present = rows.flatMap((row) => {
    const value = row[column] ?? null;
    return value === null ? [] : [{ row, value }];
  });
  if (!present.some(({ value }) => isNumber(value))) return null;
  const tooLong = ({ value }: { value: Cell }): boolean =>
    typeof value === "string" && /^ *[+-]?\d+ *$/.test(value) && !Number.isSafeInteger(Number(value));
  return present.find(({ value }) => !isNumber(value)) ?? present.find(tooLong) ?? null;
}

function isCell(value: unknown): value is Cell {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function missingAsNull(value: Cell): Cell {
  return typeof value === "number" && Number.isNaN(value) ? null : value;
}
