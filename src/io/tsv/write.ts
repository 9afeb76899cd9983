import { writeFileAtomic } from "../files/atomic.ts";
import { pythonFloat, pythonNumber } from "../json/index.ts";
import { type Cell, columnsOf, floatColumns, type Row } from "./types.ts";

export interface TsvOptions {
  /** Columns of floats, written `1.0` where whole, besides those that `floatColumns` finds. */
  readonly floats?: Iterable<string>;
}

/**
 * Writes a table as pandas does (`to_csv(sep="\t", index=False)`), atomically; a file that is there is replaced.
 * @param columns which, and in which order. Default: all, in order of first appearance.
 */
export function writeTsv(
  path: string,
  rows: readonly Row[],
  columns?: readonly string[],
  options: TsvOptions = {},
): void {
  writeFileAtomic(path, formatTsv(rows, columns, options));
}

/** The text of {@link writeTsv}. */
export function formatTsv(rows: readonly Row[], columns?: readonly string[], { floats = [] }: TsvOptions = {}): string {
  const names = columns ?? [...columnsOf(rows)];
  const areFloats = new Set([...floatColumns(rows), ...floats]);
  const lines = [
    names.map(quote),
    ...rows.map((row) =>
      names.map((name) => formatCell(Object.hasOwn(row, name) ? (row[name] ?? null) : null, areFloats.has(name))),
    ),
  ];
  // a line with nothing on it would be skipped when read: pandas writes "" there
  return lines.map((cells) => (cells.length === 1 && cells[0] === "" ? '""\n' : `${cells.join("\t")}\n`)).join("");
}

function formatCell(cell: Cell, float: boolean): string {
  if (cell === null) return "";
  switch (typeof cell) {
    case "string":
      return quote(cell);
    case "boolean":
      return cell ? "True" : "False";
    case "number":
      if (Number.isNaN(cell)) return "";
      if (!Number.isFinite(cell)) return cell > 0 ? "inf" : "-inf";
      return float ? pythonFloat(cell) : pythonNumber(cell);
  }
}

function quote(text: string): string {
  return /[\t\n\r"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
