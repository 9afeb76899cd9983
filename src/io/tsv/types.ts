/** A cell: null is a missing value. */
export type Cell = string | number | boolean | null;
/** A row of a table, by column name. */
export type Row = Record<string, Cell>;

const floatColumnsOf = new WeakMap<readonly Row[], ReadonlySet<string>>();

/** Remembers which columns of a table are floats for Python, though all their numbers may be whole. Returns the rows. */
export function markFloatColumns<T extends readonly Row[]>(rows: T, columns: Iterable<string>): T {
  floatColumnsOf.set(rows, new Set(columns));
  return rows;
}

/** The columns that any of the rows has, in the order in which they are met. Without a list for each row, since there may be many. */
export function columnsOf(rows: Iterable<Row>): Set<string> {
  const columns = new Set<string>();
  for (const row of rows) for (const column of Object.keys(row)) columns.add(column);
  return columns;
}

/**
 * The columns that hold floats: those that were read or marked as such, and those with a fraction or with a missing value
 * among numbers (a column of integers has none in pandas).
 */
export function floatColumns(rows: readonly Row[]): Set<string> {
  const floats = new Set(floatColumnsOf.get(rows));
  const missing = new Set<string>();
  const numeric = new Set<string>();
  for (const row of rows) {
    for (const column of Object.keys(row)) {
      const { [column]: value = null } = row;
      if (value === null) missing.add(column);
      else if (typeof value === "number") {
        numeric.add(column);
        if (!Number.isInteger(value)) floats.add(column);
      }
    }
  }
  for (const column of missing) if (numeric.has(column)) floats.add(column);
  return floats;
}
