import { DataFrameError } from "../../utils/exceptions.ts";
import { hasControlCharacters, visible } from "../../utils/visible.ts";
import { readTsv } from "./read.ts";
import { type Cell, columnsOf, floatColumns, markFloatColumns, type Row } from "./types.ts";

export const PARTICIPANT_ID = "participant_id";
export const SESSION_ID = "session_id";
/** The session of images that lie in no `ses-` folder: a name for tables, which no file or folder carries. */
export const NO_SESSION = "ses-none";

/** A row that says whose it is. */
export type ParticipantRow = Row & { participant_id: string; session_id: string };

export interface ParticipantsOptions {
  /** Whether a pair that is there twice is an error. Default true. */
  readonly checkDuplicates?: boolean;
  /** What rows are called in messages. Default "The table". */
  readonly name?: string;
  /** Whether a table without the column `session_id` is one of participants without sessions (`ses-none`). Default false. */
  readonly sessionsOptional?: boolean;
}

/**
 * A table of participants and sessions, from the path of a TSV or from rows.
 *
 * @throws DataFrameError when it is empty, lacks `participant_id` or `session_id`, lacks a value there, holds a name with
 * control characters, or has a pair twice (unless `checkDuplicates` is false).
 */
export function readParticipants(
  data: string | readonly Row[],
  { checkDuplicates = true, name = "The table", sessionsOptional = false }: ParticipantsOptions = {},
): readonly ParticipantRow[] {
  const given = typeof data === "string" ? readTsv(data) : data;
  const what = typeof data === "string" ? data : name;
  const columns = [...columnsOf(given)];
  if (given.length === 0) throw new DataFrameError(`${what} has no rows.`);
  const rows = sessionsOptional && !columns.includes(SESSION_ID) ? withoutSessions(given) : given;
  const missing = [PARTICIPANT_ID, SESSION_ID].filter((column) => !columns.includes(column));
  if (missing.length > 0 && !(rows !== given && missing.length === 1)) {
    throw new DataFrameError(
      `${what} lacks the column${missing.length > 1 ? "s" : ""} ${missing.map((c) => `'${c}'`).join(" and ")}. It has: ${columns.map(visible).join(", ")}. Columns must be separated by tabs.`,
    );
  }
  const seen = new Map<string, number>();
  rows.forEach((row, i) => {
    for (const column of [PARTICIPANT_ID, SESSION_ID]) checkName(row[column], column, `${what}: row ${i + 1}`);
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

function checkName(value: Cell | undefined, column: string, where: string): void {
  if (typeof value !== "string") {
    throw new DataFrameError(
      `${where} has ${JSON.stringify(value ?? null)} as '${column}'; a name such as '${column === PARTICIPANT_ID ? "sub-001" : "ses-M000"}' is needed.`,
    );
  }
  if (hasControlCharacters(value)) {
    throw new DataFrameError(
      `${where} has '${visible(value)}' as '${column}', with characters that cannot be seen. Correct the table.`,
    );
  }
}

function withoutSessions(rows: readonly Row[]): readonly Row[] {
  const filled = rows.map((row): Row => ({ ...row, [SESSION_ID]: NO_SESSION }));
  return markFloatColumns(filled, floatColumns(rows));
}
