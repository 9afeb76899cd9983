import { z } from "zod";
import { type Cell, columnsOf, pairKey, type Row } from "../../io/tsv/index.ts";
import { parseWith, show } from "../../utils/config.ts";
import { ConfigError, DataFrameError } from "../../utils/exceptions.ts";

/**
 * A column of the data, of which each value is a group; or one of numbers with the points at which it is cut: `{ column: "age", cuts: [60, 75] }`
 * has `<60`, `[60, 75)` and `>=75`.
 */
export type GroupBy = string | { readonly column: string; readonly cuts: readonly number[] };

const groupBy = z.union([
  z.string().transform((column) => ({ column, cuts: [] as number[] })),
  z.strictObject({ column: z.string(), cuts: z.array(z.number()).min(1) }),
]);

/** What samples without a value in the column are. */
export const MISSING = "n/a";

/** The groups of a column: which one each row of the data is in. */
export interface Grouping {
  readonly column: string;
  /** By participant and session: see {@link keyOf}. */
  readonly groupOf: ReadonlyMap<string, string>;
  /** In the order in which they are shown. */
  readonly groups: readonly string[];
}

/** @throws ConfigError naming a column that is not there; DataFrameError naming a value that cannot be cut. */
export function groupingOf(data: readonly Row[], by: GroupBy, what: string): Grouping {
  const { column, cuts } = parseWith(groupBy, by, what);
  const values = columnOf(data, column, what);
  const points = [...new Set(cuts)].sort((a, b) => a - b);
  const groupOf = new Map(
    [...values].map(([key, value]) => {
      if (value === null || points.length === 0) return [key, value === null ? MISSING : String(value)];
      if (typeof value === "number") return [key, bandOf(value, points)];
      throw new DataFrameError(
        `${what}: '${column}' is ${show(value)} for ${key.replace("\t", ", ")}, which is no number that could be cut at ${points.join(", ")}.`,
      );
    }),
  );
  const bands = points.length === 0 ? [] : [...points, Number.POSITIVE_INFINITY].map((p) => bandOf(p, points, true));
  const there = new Set(groupOf.values());
  const rest = [...there].filter((group) => !bands.includes(group) && group !== MISSING).sort();
  return { column, groupOf, groups: [...bands, ...rest, MISSING].filter((group) => there.has(group)) };
}

/** Whose row it is. */
export function keyOf({ participant_id, session_id }: Row): string {
  return pairKey({ participant_id: String(participant_id), session_id: String(session_id) });
}

/** The cells of a column, by participant and session. @throws ConfigError where there is no such column. */
export function columnOf(data: readonly Row[], column: string, what: string): Map<string, Cell> {
  const columns = columnsOf(data);
  if (!columns.has(column)) {
    throw new ConfigError(`${what}: the data have no column '${column}'. There are: ${[...columns].join(", ")}.`);
  }
  return new Map(data.map((row) => [keyOf(row), known(row[column])]));
}

/** NaN, which is in no band, is a value that is missing. */
function known(cell: Cell | undefined): Cell {
  return cell === undefined || Number.isNaN(cell) ? null : cell;
}

/** @param below whether the band that ends at the value is meant, rather than the one that begins there. */
function bandOf(value: number, points: readonly number[], below = false): string {
  const at = points.findIndex((point) => (below ? value <= point : value < point));
  const [low, high] = at < 0 ? [points.at(-1), undefined] : [points[at - 1], points[at]];
  if (low === undefined) return `<${high}`;
  return high === undefined ? `>=${low}` : `[${low}, ${high})`;
}
