import type { Cell } from "../../io/tsv/index.ts";

/** A number of a figure or a table. JSON has no NaN and no infinity, and neither can be drawn: null stands for them, and for what is missing. */
export type Num = number | null;

/** The number in a cell, if there is one. */
export function numOf(cell: Cell | undefined): Num {
  return typeof cell === "number" && Number.isFinite(cell) ? cell : null;
}
