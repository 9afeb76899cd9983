import { DataFrameError } from "../../utils/exceptions.ts";

/** A line of a table, or several where a cell in quotes has line ends. */
export interface TsvRecord {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

const LINE_END = /\r\n|\r|\n/g;

/**
 * The cells of a TSV, row by row, as pandas cuts them: lines end with LF, CRLF or CR, in any mixture; empty lines are left out; a cell
 * that begins with a quote goes on to the next single quote, and two quotes stand for one; other quotes are as they are.
 *
 * Unlike pandas it refuses a quote that swallows rows: one that is closed in a later row, or never.
 * @throws DataFrameError with the line of the quote.
 */
export function* tsvRecords(text: string, name: string): Generator<TsvRecord, void> {
  let at = 0;
  for (let line = 1; at < text.length; ) {
    LINE_END.lastIndex = at;
    const end = LINE_END.exec(text);
    const content = text.slice(at, end?.index);
    if (!content.includes('"')) {
      if (!/^ *$/.test(content)) yield { line, cells: content.split("\t") };
      at = end === null ? text.length : LINE_END.lastIndex;
      line++;
      continue;
    }
    const record = quotedRecord(text, at, line, name);
    yield { line, cells: record.cells };
    at = record.next;
    line += record.lines;
  }
}

/** A record that has quotes: its cells, where the next one begins, and over how many lines it goes. */
function quotedRecord(
  text: string,
  start: number,
  line: number,
  name: string,
): { cells: string[]; next: number; lines: number } {
  const cells: string[] = [];
  let at = start;
  let lines = 1;
  for (;;) {
    let cell = "";
    if (text[at] === '"') {
      const quoted = quotedCell(text, at, `${name}, line ${line + lines - 1}`);
      cell = quoted.cell;
      at = quoted.next;
      lines += cell.match(LINE_END)?.length ?? 0;
    }
    let end = at;
    while (end < text.length && !"\t\r\n".includes(text[end] ?? "")) end++;
    cells.push(cell + text.slice(at, end));
    if (text[end] === "\t") {
      at = end + 1;
      continue;
    }
    return { cells, next: end + (text.startsWith("\r\n", end) ? 2 : 1), lines };
  }
}

function quotedCell(text: string, start: number, where: string): { cell: string; next: number } {
  const parts: string[] = [];
  let at = start + 1;
  for (;;) {
    const close = text.indexOf('"', at);
    if (close < 0) {
      throw new DataFrameError(
        `${where}: a cell begins with a quote that is never closed, and would swallow the rest of the table: ${shown(text.slice(start))}. Take the quote away, or write a quote within a cell as "" and close it.`,
      );
    }
    parts.push(text.slice(at, close));
    if (text[close + 1] !== '"') {
      const cell = parts.join('"');
      if (/[\r\n]/.test(cell) && cell.includes("\t")) {
        throw new DataFrameError(
          `${where}: a cell begins with a quote that is closed in a later row only, and would swallow the rows between: ${shown(text.slice(start))}. Take the quote away, or write a quote within a cell as "" and close it.`,
        );
      }
      return { cell, next: close + 1 };
    }
    at = close + 2;
  }
}

/** The beginning of a text, with what would not be seen escaped. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
