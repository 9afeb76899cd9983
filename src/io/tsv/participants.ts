import { DataFrameError } from "../../utils/exceptions.ts";
import { readTsv } from "./read.ts";
import type { Row } from "./types.ts";

export const PARTICIPANT_ID = "participant_id";
export const SESSION_ID = "session_id";

/** A row that says whose it is. */
export type ParticipantRow = Row & { participant_id: string; session_id: string };

/**
 * A table of participants and sessions, from the path of a TSV or from rows.
 *
 * @throws DataFrameError when it is empty, lacks `participant_id` or `session_id`, lacks a value there, or has a
 * pair twice (unless `checkDuplicates` is false).
 */
export function readParticipants(
  data: string | readonly Row[],
  { checkDuplicates = true, name = "The table" }: { readonly checkDuplicates?: boolean; readonly name?: string } = {},
): readonly ParticipantRow[] {
  const rows = typeof data === "string" ? readTsv(data) : data;
  const what = typeof data === "string" ? data : name;
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (rows.length === 0) throw new DataFrameError(`${what} has no rows.`);
  const missing = [PARTICIPANT_ID, SESSION_ID].filter((column) => !columns.includes(column));
  if (missing.length > 0) {
    throw new DataFrameError(
      `${what} lacks the column${missing.length > 1 ? "s" : ""} ${missing.map((c) => `'${c}'`).join(" and ")}. It has: ${columns.join(", ")}. Columns must be separated by tabs.`,
    );
  }
  const seen = new Map<string, number>();
  rows.forEach((row, i) => {
    for (const column of [PARTICIPANT_ID, SESSION_ID]) {
      if (typeof row[column] !== "string") {
        throw new DataFrameError(
          `${what}: row ${i + 1} has ${JSON.stringify(row[column] ?? null)} as '${column}'; a name such as 'sub-001' is needed.`,
        );
      }
    }
    const pair = pairKey(row as ParticipantRow);
    const first = seen.get(pair);
    if (checkDuplicates && first !== undefined) {
      throw new DataFrameError(
        `${what} has (${row[PARTICIPANT_ID]}, ${row[SESSION_ID]}) twice: rows ${first + 1} and ${i + 1}. Keep one.`,
      );
    }
    seen.set(pair, i);
  });
  return rows as readonly ParticipantRow[];
}

/** One string for a (participant, session) pair. */
export function pairKey(row: { readonly participant_id: string; readonly session_id: string }): string {
  return `${row.participant_id}\t${row.session_id}`;
}
