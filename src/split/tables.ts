import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder, syncFolder, writeJson } from "../io/files/index.ts";
import {
  type Cell,
  columnsOf,
  floatColumns,
  markFloatColumns,
  PARTICIPANT_ID,
  type ParticipantRow,
  pairKey,
  type Row,
  SESSION_ID,
  writeTsv,
} from "../io/tsv/index.ts";
import { type JsonObject, show } from "../utils/config.ts";
import { ConfigError, DataFrameError } from "../utils/exceptions.ts";
import { naturalOrder } from "../utils/natural-order.ts";
import { visible } from "../utils/visible.ts";
import { before, numpyArgsort } from "./sort-sessions.ts";

/** A participant or session table: the path of a TSV, or its rows. */
export type TableLike = string | readonly Row[];

/** Where the split goes: `outputDir`, or beside the TSV. */
export function outputDirOf(data: TableLike, outputDir: string | undefined): string {
  if (outputDir !== undefined) return outputDir;
  if (typeof data === "string") return dirname(data);
  throw new ConfigError(
    "outputDir is required when the data are rows and not the path of a TSV: give the folder to write the split in.",
  );
}

/** Checks that every column is there, which the option `asked` names. @throws DataFrameError */
export function checkColumns(rows: readonly Row[], columns: readonly string[], asked = "stratification"): void {
  const known = columnsOf(rows);
  const missing = columns.filter((column) => !known.has(column));
  if (missing.length > 0) {
    throw new DataFrameError(
      `${asked}: there is no column ${missing.map((c) => `'${c}'`).join(", ")}. The table has: ${[...known].map(visible).join(", ")}.`,
    );
  }
}

/** Whether a column holds numbers (or booleans, none missing), as pandas would have it. */
export function isNumeric(rows: readonly Row[], column: string): boolean {
  const values = rows.map((row) => row[column] ?? null);
  const present = values.filter((value) => value !== null);
  return (
    present.length > 0 && (present.every((v) => typeof v === "number") || values.every((v) => typeof v === "boolean"))
  );
}

/** How many different values a column holds, missing ones left aside. */
export function countUnique(rows: readonly Row[], column: string): number {
  return new Set(rows.map((row) => row[column] ?? null).filter((value) => value !== null)).size;
}

/**
 * One row per participant: the first session, as people number them (`M6` before `M12`). With `columns`, these columns are
 * added and the rows are sorted by participant; without, they are in the order in which ClinicaDL has them, which follows from
 * sorting sessions as text.
 * @throws DataFrameError when a participant's first session has several values in a column.
 */
export function extractBaseline(rows: readonly ParticipantRow[], columns: readonly string[] | null): ParticipantRow[] {
  const first = new Map<string, string>();
  for (const i of numpyArgsort(rows.map((row) => row.session_id))) {
    const { participant_id, session_id } = rows[i] as ParticipantRow;
    const earliest = first.get(participant_id);
    if (earliest === undefined || naturalOrder(session_id, earliest) < 0) first.set(participant_id, session_id);
  }
  const baseline = [...first].map(([participant_id, session_id]): ParticipantRow => ({ participant_id, session_id }));
  if (columns === null) return baseline;

  const merged = pairMerger(rows, columns);
  const complete = baseline.map((row) => merged(row) ?? row);
  complete.sort((a, b) =>
    before(a.participant_id, b.participant_id) ? -1 : a.participant_id === b.participant_id ? 0 : 1,
  );
  return complete;
}

/**
 * Of each (participant, session) pair one row, with the values that its rows have in `columns`: datasets that are made of others have
 * a pair several times, and one of these may lack a column.
 * @returns what gives that row; undefined for a pair that is not there. It throws a DataFrameError where a pair has several values in a column.
 */
export function pairMerger(
  rows: readonly ParticipantRow[],
  columns: readonly string[],
): (pair: ParticipantRow) => ParticipantRow | undefined {
  const byPair = new Map<string, ParticipantRow[]>();
  for (const row of rows) {
    const group = byPair.get(pairKey(row));
    if (group === undefined) byPair.set(pairKey(row), [row]);
    else group.push(row);
  }
  return (pair) => {
    const group = byPair.get(pairKey(pair));
    if (group === undefined) return undefined;
    const { participant_id, session_id } = pair;
    const filled = columns.map((column): [string, Cell] => {
      const values = [...new Set(group.map((row) => row[column] ?? null).filter((value) => value !== null))];
      if (values.length <= 1) return [column, values[0] ?? null];
      throw new DataFrameError(
        `(${participant_id}, ${session_id}) has several values in '${column}': ${values.map(show).join(", ")}. Keep one, so that it is clear which counts.`,
      );
    });
    return { participant_id, session_id, ...Object.fromEntries(filled) };
  };
}

/** What one split writes: the baseline rows of both subsets. */
export interface Subsets {
  /** Relative to the split's own folder: `split-0`, or "" for that folder itself. */
  readonly folder: string;
  readonly train: readonly ParticipantRow[];
  readonly subset: readonly ParticipantRow[];
}

/** Writes `<name>_baseline.tsv` and, with all sessions, `<name>.tsv`. */
export function writeSubsets(
  root: string,
  { folder, train, subset }: Subsets,
  all: readonly ParticipantRow[],
  columns: readonly string[],
  { subsetName, longitudinal }: { readonly subsetName: string; readonly longitudinal: boolean },
): void {
  const names = [PARTICIPANT_ID, SESSION_ID, ...columns];
  const floats = floatColumns(all);
  const dir = join(root, folder);
  const write = (name: string, rows: readonly ParticipantRow[], sessions: boolean): void => {
    writeTsv(join(dir, `${name}_baseline.tsv`), markFloatColumns([...rows], floats), names);
    if (sessions) writeTsv(join(dir, `${name}.tsv`), markFloatColumns(allSessions(all, rows, names), floats), names);
  };
  write(subsetName, subset, longitudinal);
  write("train", train, true);
}

function allSessions(all: readonly ParticipantRow[], of: readonly ParticipantRow[], columns: readonly string[]): Row[] {
  const wanted = new Set(of.map((row) => row.participant_id));
  const unique = new Map<string, Row>();
  for (const row of all) {
    if (!wanted.has(row.participant_id)) continue;
    const kept = Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
    const key = JSON.stringify(Object.values(kept));
    if (!unique.has(key)) unique.set(key, kept);
  }
  const order = (a: string, b: string): number => (a === b ? 0 : before(a, b) ? -1 : 1);
  return [...unique.values()].sort(
    (a, b) =>
      order(String(a[PARTICIPANT_ID]), String(b[PARTICIPANT_ID])) ||
      order(String(a[SESSION_ID]), String(b[SESSION_ID])),
  );
}

/**
 * Makes the folder `name` (`name_2`, `name_3`, … where it is taken) in `outputDir`, complete or not at all: it is
 * filled under a temporary name and renamed. Returns its path.
 */
export function publishSplit(
  outputDir: string,
  name: string,
  json: { readonly file: string; readonly content: JsonObject },
  fill: (dir: string) => void,
): string {
  makeFolder(outputDir);
  const temporary = join(outputDir, `.tmp-${process.pid}-${randomBytes(6).toString("hex")}-${name}`);
  mkdirSync(temporary);
  try {
    fill(temporary);
    writeJson(join(temporary, json.file), json.content);
    for (let k = 1; ; k++) {
      const target = join(outputDir, k === 1 ? name : `${name}_${k}`);
      if (existsSync(target)) continue;
      try {
        renameSync(temporary, target);
        syncFolder(outputDir);
        return target;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
      }
    }
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
}
