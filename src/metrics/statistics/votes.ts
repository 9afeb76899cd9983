import { type Cell, type Row, readTsv } from "../../io/tsv/index.ts";
import { show } from "../../utils/config.ts";
import { ConfigError, DataFrameError } from "../../utils/exceptions.ts";

/** How patches or slices vote. */
export interface VoteOptions {
  /** The columns of the scores: one, of label 1, or one for each class. */
  readonly outputs: readonly string[];
  /** Whether the mean of the scores decides, "mean" (default), or what most patches or slices decide, "majority": of a draw, the mean. */
  readonly method?: "mean" | "majority";
  /** At which score and above one column decides for 1; default 0.5, for probabilities. */
  readonly threshold?: number;
  /** Whose votes are counted together: those of each "session" (default), or of each "participant". */
  readonly per?: "session" | "participant";
  /** Columns that are the same for all of them, and kept: the label. Default: none. */
  readonly keep?: readonly string[];
}

/**
 * What the patches or slices of a session say together, from the table of a prediction (`output.tsv`).
 *
 * @param table a TSV, or rows.
 * @returns a row for each session or participant: whose it is, `keep`, the means of the scores, `decided` (0 or 1, or the index of the column), the share
 * of samples that decided so (`agreement`), and how many there are (`n_samples`).
 * @throws ConfigError for columns that are not there; DataFrameError for scores that are missing, and values of `keep` that differ.
 * @example
 * ```ts
 * const of = (participant: string) => ({ participant_id: participant, session_id: "ses-M000" });
 * const rows = [0.9, 0.7, 0.2].map((output) => ({ ...of("sub-001"), output })); // of three patches
 * console.log(votes(rows, { outputs: ["output"] }).map(({ decided, n_samples }) => [decided, n_samples])); // → [ [ 1, 3 ] ]
 * ```
 */
export function votes(
  table: string | readonly Row[],
  { outputs, method = "mean", threshold = 0.5, per = "session", keep = [] }: VoteOptions,
): Row[] {
  const rows = typeof table === "string" ? readTsv(table) : table;
  const ids = per === "session" ? ["participant_id", "session_id"] : ["participant_id"];
  if (outputs.length === 0) throw new ConfigError("votes: 'outputs' is empty. Name the columns of the scores.");
  const [first = {}] = rows;
  const missing = [...ids, ...keep, ...outputs].filter((column) => !(column in first));
  if (rows.length > 0 && missing.length > 0) {
    throw new ConfigError(
      `votes: the table has no column ${missing.map((c) => `'${c}'`).join(", ")}. There are: ${Object.keys(first).join(", ")}.`,
    );
  }
  const scoresOf = (row: Row): number[] => outputs.map((column) => scoreOf(row, column));
  const decide = (scores: readonly number[]): number =>
    scores.length === 1 ? Number((scores[0] ?? Number.NaN) >= threshold) : scores.indexOf(Math.max(...scores));
  return [...Map.groupBy(rows, (row) => JSON.stringify(ids.map((id) => row[id]))).values()].map((members): Row => {
    const scores = members.map(scoresOf);
    const means = outputs.map((_, c) => scores.reduce((sum, row) => sum + (row[c] ?? 0), 0) / scores.length);
    const single = scores.map(decide);
    const byMean = decide(means);
    const decided = method === "mean" ? byMean : mostOf(single, byMean);
    return {
      ...Object.fromEntries([...ids, ...keep].map((column) => [column, sameOf(members, column)])),
      ...Object.fromEntries(outputs.map((column, c) => [column, means[c] ?? null])),
      decided,
      agreement: single.filter((one) => one === decided).length / single.length,
      n_samples: members.length,
    };
  });
}

function scoreOf(row: Row, column: string): number {
  const value = row[column];
  // of Infinity and -Infinity there is no mean
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new DataFrameError(
    `votes: '${column}' is ${show(value)} for ${row.participant_id}, ${row.session_id}. Every patch or slice needs a finite number.`,
  );
}

/** The value that is there most often; of several, the one that the mean decides for, if it is among them, else the least. */
function mostOf(values: readonly number[], byMean: number): number {
  const counts = [...Map.groupBy(values, (value) => value)].map(([value, all]) => ({ value, n: all.length }));
  const most = Math.max(...counts.map(({ n }) => n));
  const winners = counts.filter(({ n }) => n === most).map(({ value }) => value);
  return winners.includes(byMean) ? byMean : Math.min(...winners);
}

function sameOf(rows: readonly Row[], column: string): Cell {
  // NaN is a value that is missing, and equals no other
  const cellOf = (row: Row | undefined): Cell => (Number.isNaN(row?.[column]) ? null : (row?.[column] ?? null));
  const value = cellOf(rows[0]);
  const other = rows.find((row) => cellOf(row) !== value);
  if (other === undefined) return value;
  throw new DataFrameError(
    `votes: '${column}' is ${show(value)} and ${show(other[column])} for ${other.participant_id}. Keep columns that are the same for all that vote together.`,
  );
}
