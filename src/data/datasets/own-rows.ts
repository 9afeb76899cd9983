/** The rows of a dataset of one's own, as the table that all datasets have. */
import { type Cell, NO_SESSION, type ParticipantRow, pairKey } from "../../io/tsv/index.ts";
import { show } from "../../utils/config.ts";
import { DataFrameError } from "../../utils/exceptions.ts";
import { Table } from "./table.ts";

/** Whose sample it is, and what is known of it, by column. */
export interface DatasetRow {
  readonly participantId: string;
  /** Default "ses-none": there are no sessions. */
  readonly sessionId?: string;
  readonly [column: string]: Cell | undefined;
}

const NAMES: readonly string[] = ["image", "participant_id", "session_id"];

/** @throws DataFrameError for what is no row. */
export function toRow(dataset: string, index: number, row: unknown): ParticipantRow {
  const refuse = (why: string): never => {
    throw new DataFrameError(
      `${dataset}.row(${index}) ${why}. Expected { participantId: "sub-001", sessionId: "ses-M000", …columns }, with numbers, texts, booleans and null as columns.`,
    );
  };
  if (typeof row !== "object" || row === null || !("participantId" in row)) return refuse(`gave ${show(row)}`);
  const { participantId, sessionId = NO_SESSION, ...columns }: Readonly<Record<string, unknown>> = { ...row };
  if (typeof participantId !== "string") return refuse(`gave ${show(participantId)} as 'participantId'`);
  if (typeof sessionId !== "string") return refuse(`gave ${show(sessionId)} as 'sessionId'`);
  const out: ParticipantRow = { participant_id: participantId, session_id: sessionId };
  for (const [name, value] of Object.entries(columns)) {
    if (NAMES.includes(name)) return refuse(`has a column '${name}', a name that samples use`);
    if (!isCell(value)) return refuse(`gave ${show(value)} as '${name}'`);
    out[name] = typeof value === "number" && Number.isNaN(value) ? null : (value ?? null);
  }
  return out;
}

/** One row for each participant and session: that of its first sample. @throws DataFrameError when there is none. */
export function tableOf(dataset: string, rows: readonly ParticipantRow[]): Table {
  const first = new Map<string, ParticipantRow>();
  for (const row of rows) if (!first.has(pairKey(row))) first.set(pairKey(row), row);
  return Table.read([...first.values()], `The table of ${dataset}`);
}

function isCell(value: unknown): value is Cell | undefined {
  return value === null || value === undefined || ["string", "number", "boolean"].includes(typeof value);
}
