/** The table of an experiment: a row for each session that has an image and a label. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Bids, BidsFileType } from "../../io/bids/index.ts";
import {
  columnsOf,
  floatColumns,
  markFloatColumns,
  PARTICIPANT_ID,
  type ParticipantRow,
  type Row,
  readTsv,
  SESSION_ID,
} from "../../io/tsv/index.ts";
import { ConfigError, DataFrameError } from "../../utils/exceptions.ts";
import { isMissing } from "./labels.ts";

/** Where datasets have what is known of participants, the fullest first. */
const TABLES = ["metadata.tsv", "participants.tsv"];

/** The table of a dataset, or of the one that it is derived from. @throws ConfigError where there is none. */
export function findTable(bids: Bids): string {
  const folders = [bids.path, bids.participantsDir, join(bids.path, "..", "..")];
  const candidates = folders.flatMap((folder) => TABLES.map((name) => join(folder, name)));
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new ConfigError(
    `${bids.path} has no ${TABLES.join(" or ")}. Give a table with participant_id (and session_id) and what is to be learnt: --data table.tsv.`,
  );
}

export interface Joined {
  readonly rows: readonly ParticipantRow[];
  readonly paths: readonly string[];
  /** Whether the rows are those of the table, all of them and as they are. */
  readonly whole: boolean;
  /** Why rows of the table, or sessions of the dataset, were left out: how many for which reason. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/**
 * The sessions that have an image of this type, with their row of a table: by participant and session, or by participant where the table has no
 * sessions.
 * @throws DataFrameError where the table says nothing of whose its rows are, or says it twice. @throws ConfigError where nothing is left.
 */
export function joinTable(path: string, bids: Bids, fileType: BidsFileType, label: string): Joined {
  const table = readTsv(path);
  const columns = columnsOf(table);
  if (table.length > 0 && !columns.has(label)) {
    throw new DataFrameError(`${path} has no column '${label}'. Its columns are: ${[...columns].join(", ")}.`);
  }
  const perSession = table.some((row) => Object.hasOwn(row, SESSION_ID));
  const key = (participant: unknown, session: unknown): string =>
    perSession ? `${participant}\t${session}` : String(participant);
  const byKey = new Map<string, Row>();
  for (const [i, row] of table.entries()) {
    const participant = row[PARTICIPANT_ID];
    if (typeof participant !== "string") {
      throw new DataFrameError(
        `${path}: row ${i + 1} has no ${PARTICIPANT_ID}. The table needs such a column, as sub-001.`,
      );
    }
    const one = key(participant, row[SESSION_ID]);
    if (byKey.has(one)) throw new DataFrameError(`${path} has ${one.replace("\t", ", ")} twice. Keep one.`);
    byKey.set(one, row);
  }
  const leftOut = new Map<string, number>();
  const leave = (why: string): void => void leftOut.set(why, (leftOut.get(why) ?? 0) + 1);
  const rows: ParticipantRow[] = [];
  const paths: string[] = [];
  const used = new Set<Row>();
  for (const [participantId, sessionId] of bids.getAllParticipantsSessions()) {
    const image = bids.findPath(fileType, { participantId, sessionId });
    if (image === null) continue;
    const row = byKey.get(key(participantId, sessionId));
    if (row === undefined) leave("images without a row in the table");
    else {
      used.add(row);
      if (isMissing(row[label])) leave(`images without a value of '${label}'`);
      else {
        rows.push({ ...row, participant_id: participantId, session_id: sessionId });
        paths.push(image);
      }
    }
  }
  for (const row of table) if (!used.has(row)) leave("rows without an image");
  if (rows.length === 0) {
    const why = [...leftOut].map(([reason, n]) => `${n} ${reason}`).join("; ") || "there is no image of this type";
    throw new ConfigError(`No session has an image of type ${fileType} and a '${label}' in ${path}: ${why}.`);
  }
  return { rows: markFloatColumns(rows, floatColumns(table)), paths, whole: perSession && leftOut.size === 0, leftOut };
}
