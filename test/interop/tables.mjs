// Comparing the TSVs of two MAPS. `{ largest, count }`: the largest difference of `count` numbers.
import { readFileSync } from "node:fs";

/** Columns that say what a row is about. */
export const KEYS = ["epoch", "batch", "participant_id", "session_id"];

/** The columns of a TSV, and its rows as objects of text. */
export function readTable(path) {
  const [header = "", ...lines] = readFileSync(path, "utf8").replace(/\n$/, "").split("\n");
  const columns = header.split("\t");
  const rows = lines.map((line) => Object.fromEntries(line.split("\t").map((cell, i) => [columns[i], cell])));
  return { columns, rows };
}

/**
 * How far two cells are apart, by `b` if `relative`. An empty cell is NaN, which is infinitely far from every number, and
 * no difference from itself.
 */
export function apart(a, b, { relative = false } = {}) {
  if (typeof a !== "string" || typeof b !== "string") throw new Error("a cell is missing");
  if (a === b) return 0;
  const difference = Math.abs(Number(a) - Number(b));
  if (a === "" || b === "" || Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
  return relative && difference > 0 ? difference / Math.abs(Number(b)) : difference;
}

/**
 * Compares two tables, whatever the order of their rows and columns.
 * @param options `relative`; `keep`, which rows to compare.
 * @throws Error unless they have the same columns, and rows about the same.
 */
export function compareTables(a, b, { relative = false, keep = () => true } = {}) {
  const [one, two] = [readTable(a), readTable(b)];
  const same = (what, x, y) => {
    if (x !== y) throw new Error(`${what}: ${a} has ${x}, ${b} has ${y}`);
  };
  same("columns", [...one.columns].sort().join(", "), [...two.columns].sort().join(", "));
  const keys = KEYS.filter((key) => one.columns.includes(key));
  const about = (row) => keys.map((key) => row[key]).join(" ");
  const [rows, others] = [one, two].map((table) => inOrder(table.rows.filter(keep), about));
  same("number of rows", rows.length, others.length);
  const numbers = one.columns.filter((column) => !KEYS.includes(column));
  const found = { largest: 0, count: 0 };
  for (const [i, row] of rows.entries()) {
    same("row", about(row), about(others[i]));
    for (const column of numbers) {
      found.largest = Math.max(found.largest, apart(row[column], others[i][column], { relative }));
      if (row[column] !== "") found.count++;
    }
  }
  return found;
}

function inOrder(rows, about) {
  return rows.sort((a, b) => about(a).localeCompare(about(b)));
}

export function together(all) {
  return {
    largest: Math.max(0, ...all.map(({ largest }) => largest)),
    count: all.reduce((sum, { count }) => sum + count, 0),
  };
}
