import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { DataFrameError } from "../../utils/exceptions.ts";
import { naming } from "../../utils/file-errors.ts";
import { type Cell, markFloatColumns, type Row } from "./types.ts";

/** What pandas takes for a missing value. */
const MISSING = new Set(
  "|#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null".split("|"),
);
/** Names, whatever they look like: `001` stays `001`. */
const ALWAYS_TEXT = new Set(["participant_id", "session_id"]);
const INTEGER = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const BOOLEANS: Readonly<Record<string, boolean>> = {
  True: true,
  TRUE: true,
  true: true,
  False: false,
  FALSE: false,
  false: false,
};

/**
 * Reads a TSV as pandas does: each column has one type (integers, floats, booleans, else text), and empty cells and
 * their kin (`n/a`, `NaN`, …) are null. Columns of floats are remembered (`floatColumns`).
 * @throws DataFrameError naming the file when it is missing, empty or ragged.
 */
export function readTsv(path: string): Row[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message;
    throw new DataFrameError(`Cannot read the table ${path}: ${why}.`, { cause: error });
  }
  return parseTsv(text, path);
}

/** The columns of a TSV, which may have no rows. */
export function readTsvColumns(path: string): string[] {
  const [header = ""] = naming(path, () => readFileSync(path, "utf8")).split(/\r?\n/, 1);
  return header.split("\t").filter((column) => column !== "" && column !== '""');
}

/** The table in `text`; `name` is for messages. */
export function parseTsv(text: string, name: string): Row[] {
  let records: string[][];
  try {
    records = parse(text, {
      delimiter: "\t",
      bom: true,
      relax_quotes: true,
      relax_column_count_less: true,
      skip_empty_lines: true,
    });
  } catch (error) {
    throw new DataFrameError(`${name} is not a readable TSV: ${(error as Error).message}.`, { cause: error });
  }
  const [header, ...body] = records;
  if (header === undefined) throw new DataFrameError(`${name} is empty: not even a line of column names.`);
  const repeated = header.find((column, i) => header.indexOf(column) !== i);
  if (repeated !== undefined) throw new DataFrameError(`${name} has the column '${repeated}' twice. Rename one.`);

  const floats: string[] = [];
  const columns = header.map((column, i) => {
    const cells = body.map((record) => record[i] ?? "");
    const typed = ALWAYS_TEXT.has(column)
      ? { cells: cells.map((cell) => (cell === "" ? null : cell)), float: false }
      : typeColumn(cells);
    if (typed.float) floats.push(column);
    return typed.cells;
  });
  const rows = body.map(
    (_, r): Row => Object.fromEntries(header.map((column, c) => [column, columns[c]?.[r] ?? null])),
  );
  return markFloatColumns(rows, floats);
}

function typeColumn(cells: readonly string[]): { cells: Cell[]; float: boolean } {
  const present = cells.filter((cell) => !MISSING.has(cell));
  const complete = present.length === cells.length;
  const map = (convert: (cell: string) => Cell): Cell[] =>
    cells.map((cell) => (MISSING.has(cell) ? null : convert(cell)));
  if (present.length === 0) return { cells: map(String), float: true };
  // an identifier too long for a number stays what it is
  const tooLong = present.some((cell) => INTEGER.test(cell) && !Number.isSafeInteger(Number(cell)));
  if (!tooLong && present.every((cell) => INTEGER.test(cell))) return { cells: map(Number), float: !complete };
  if (!tooLong && present.every((cell) => FLOAT.test(cell) || INFINITE.test(cell)))
    return { cells: map(toFloat), float: true };
  if (complete && present.every((cell) => cell in BOOLEANS))
    return { cells: map((cell) => BOOLEANS[cell] ?? null), float: false };
  return { cells: map(String), float: false };
}

function toFloat(cell: string): number {
  const infinite = INFINITE.exec(cell);
  if (infinite !== null) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(cell);
}
