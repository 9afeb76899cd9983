import { show } from "../../utils/config.ts";
import { DataFrameError } from "../../utils/exceptions.ts";
import { isNotThere } from "../../utils/file-errors.ts";
import { EncodingError } from "../../utils/text.ts";
import { warnOnce } from "../../utils/warnings.ts";
import { readRegular } from "../files/regular.ts";
import { type TsvRecord, tsvRecords } from "./records.ts";
import { type Cell, markFloatColumns, type Row } from "./types.ts";

/**
 * The cells that are a missing value, in every table and for every purpose: those that pandas takes for one. (In
 * `participant_id` and `session_id` only the empty cell is.)
 */
export const MISSING_VALUES: ReadonlySet<string> = new Set([
  "",
  "#N/A",
  "#N/A N/A",
  "#NA",
  "-1.#IND",
  "-1.#QNAN",
  "-NaN",
  "-nan",
  "1.#IND",
  "1.#QNAN",
  "<NA>",
  "N/A",
  "NA",
  "NULL",
  "NaN",
  "None",
  "n/a",
  "nan",
  "null",
]);
/** Names, whatever they look like: `001` stays `001`. */
const ALWAYS_TEXT = new Set(["participant_id", "session_id"]);
const INTEGER = /^ *[+-]?\d+ *$/;
const FLOAT = /^ *[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? *$/;
const INFINITE = /^ *([+-]?)inf(?:inity)? *$/i;
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["True", true],
  ["TRUE", true],
  ["true", true],
  ["False", false],
  ["FALSE", false],
  ["false", false],
]);

/**
 * Reads a TSV as pandas does: each column has one type (integers, floats, booleans, else text), and the
 * {@link MISSING_VALUES} are null. Columns of floats are remembered (`floatColumns`). A column with an integer beyond 2^53,
 * which a number cannot hold, is text.
 * @throws DataFrameError naming the file, and the line, when it is missing, empty or ragged, not UTF-8 (or UTF-16 with a
 * byte order mark), or has a quote that is not closed.
 */
export function readTsv(path: string): Row[] {
  return parseTsv(textOf(path), path);
}

/** The columns of a TSV, which may have no rows. */
export function readTsvColumns(path: string): string[] {
  const [header] = tsvRecords(textOf(path), path);
  return header === undefined ? [] : namesOf(header.cells).filter((_, i) => header.cells[i] !== "");
}

function textOf(path: string): string {
  let text: string;
  try {
    text = readRegular(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof EncodingError)
      throw new DataFrameError(`Cannot read the table ${error.message}`, { cause: error });
    const why = isNotThere(error) ? "there is no such file" : error.message.replace(/\.$/, "");
    throw new DataFrameError(`Cannot read the table ${path}: ${why}.`, { cause: error });
  }
  if (text.includes("\uFFFD")) {
    const line = text.slice(0, text.indexOf("\uFFFD")).split(/\r\n|\r|\n/).length;
    warnOnce(
      `replacement ${path}`,
      `${path}, line ${line}: there is the sign U+FFFD, which stands where another program could not read a letter. Values that differed may be the same now; restore the table from its source.`,
    );
  }
  return text;
}

/** The table in `text`; `name` is for messages. */
export function parseTsv(text: string, name: string): Row[] {
  const records = tsvRecords(text.replace(/^\uFEFF/, ""), name);
  const first = records.next().value;
  if (first === undefined) throw new DataFrameError(`${name} is empty: not even a line of column names.`);
  const header = namesOf(first.cells);
  const repeated = header.find((column, i) => header.indexOf(column) !== i);
  if (repeated !== undefined) throw new DataFrameError(`${name} has the column ${show(repeated)} twice. Rename one.`);
  // cells go to their columns at once: of a large table, its lines would be as large again
  const texts = header.map((): string[] => []);
  let count = 0;
  for (const record of records) {
    checkLength(record, header.length, name);
    for (const [i, cells] of texts.entries()) cells.push(record.cells[i] ?? "");
    count++;
  }

  const floats: string[] = [];
  const columns = header.map((column, i) => {
    const cells = texts[i] ?? [];
    const typed = ALWAYS_TEXT.has(column)
      ? { cells: cells.map((cell) => (cell === "" ? null : cell)), float: false }
      : typeColumn(cells);
    if (typed.float) floats.push(column);
    return typed.cells;
  });
  const rows = Array.from({ length: count }, (_, r): Row => {
    const row: Row = {};
    for (const [c, column] of header.entries()) setCell(row, column, columns[c]?.[r] ?? null);
    return row;
  });
  return markFloatColumns(rows, floats);
}

/** Whatever the column is called: assigned, `__proto__` would be no cell. */
function setCell(row: Row, column: string, value: Cell): void {
  if (column !== "__proto__") row[column] = value;
  else Object.defineProperty(row, column, { value, writable: true, enumerable: true, configurable: true });
}

/** Columns without a name are called as pandas calls them. */
function namesOf(header: readonly string[]): string[] {
  return header.map((column, i) => (column === "" && header.length > 1 ? `Unnamed: ${i}` : column));
}

/** A row may have fewer cells than there are columns, and empty ones beyond them. */
function checkLength({ line, cells }: TsvRecord, columns: number, name: string): void {
  const beyond = cells.slice(columns).find((cell) => cell !== "");
  if (beyond === undefined) return;
  throw new DataFrameError(
    `${name}, line ${line}: ${cells.length} cells, but there are ${columns} columns; ${JSON.stringify(beyond)} belongs to none. Take a tab away, or name all columns.`,
  );
}

/** Whether a cell alone would be a number. */
export function looksNumeric(cell: string): boolean {
  return FLOAT.test(cell) || INFINITE.test(cell);
}

function typeColumn(cells: readonly string[]): { cells: Cell[]; float: boolean } {
  const present = cells.filter((cell) => !MISSING_VALUES.has(cell));
  const complete = present.length === cells.length;
  const map = (convert: (cell: string) => Cell): Cell[] =>
    cells.map((cell) => (MISSING_VALUES.has(cell) ? null : convert(cell)));
  if (present.length === 0) return { cells: map(String), float: true };
  // an identifier too long for a number stays what it is
  const tooLong = present.some((cell) => INTEGER.test(cell) && !Number.isSafeInteger(Number(cell)));
  // Python has no integer -0
  if (!tooLong && present.every((cell) => INTEGER.test(cell)))
    return { cells: map((cell) => Number(cell) + 0), float: !complete };
  if (!tooLong && present.every(looksNumeric)) return { cells: map(toFloat), float: true };
  if (present.every((cell) => BOOLEANS.has(cell)))
    return { cells: map((cell) => BOOLEANS.get(cell) ?? null), float: false };
  return { cells: map(String), float: false };
}

function toFloat(cell: string): number {
  const infinite = INFINITE.exec(cell);
  if (infinite !== null) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(cell);
}
