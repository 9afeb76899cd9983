/** Which column of a table is learnt, and as what. */
import { type Cell, columnsOf, type Row } from "../../io/tsv/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";

/** Columns that say whose a row is. */
const IDS = new Set(["participant_id", "session_id"]);
/** What columns to learn are called, the likeliest first. */
const LIKELY = ["diagnosis", "dx", "group", "label", "class", "disease", "condition", "age", "sex", "gender"];
/** What people without a disease are called: class 0. */
const HEALTHY = /^(cn|hc|nc|ctrl|controls?|healthy|normal|no|none|negative|false|0)$/i;
/** More different values than this are no classes. */
const MOST_CLASSES = 10;

export type Task =
  | { readonly kind: "classification"; readonly label: string; readonly classes: readonly string[] }
  | { readonly kind: "regression"; readonly label: string };

/** The columns that can be learnt, the likeliest first. */
export function labelColumns(rows: readonly Row[]): string[] {
  const columns = [...columnsOf(rows)];
  const rank = (name: string): number => {
    const found = LIKELY.indexOf(name.toLowerCase());
    return found < 0 ? LIKELY.length : found;
  };
  return columns.filter((name) => taskOf(rows, name) !== null).sort((a, b) => rank(a) - rank(b));
}

/** What is learnt of a column: classes, or a number; null where it is neither, such as free text, or one value for all. */
export function taskOf(rows: readonly Row[], label: string): Task | null {
  if (IDS.has(label)) return null;
  const cells = rows.map((row) => row[label] ?? null).filter((cell) => cell !== null && !isMissing(cell));
  const values = [...new Set(cells.map(String))];
  if (values.length < 2) return null;
  const numeric = cells.every((cell) => typeof cell === "number");
  // an age of children may have few values, but not as few as a code
  if (values.length <= (numeric ? 4 : MOST_CLASSES)) {
    const first = values.find((value) => HEALTHY.test(value));
    const others = values.filter((value) => value !== first).sort();
    return { kind: "classification", label, classes: first === undefined ? others : [first, ...others] };
  }
  return numeric ? { kind: "regression", label } : null;
}

/** A cell that says that there is no value: BIDS has `n/a`. */
export function isMissing(cell: Cell | undefined): boolean {
  return cell === null || cell === undefined || cell === "" || cell === "n/a" || Number.isNaN(cell);
}

/** @throws ConfigError where the column cannot be learnt. */
export function requireTask(rows: readonly Row[], label: string): Task {
  const task = taskOf(rows, label);
  if (task !== null) return task;
  throw new ConfigError(
    `The column '${label}' is neither a number nor one of 2 to ${MOST_CLASSES} classes. Columns that are: ${labelColumns(rows).join(", ") || "none"}.`,
  );
}
