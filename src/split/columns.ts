/** The columns by which participants are dealt out: classes to keep even, groups to keep together. */
import type { ParticipantRow } from "../io/tsv/index.ts";
import { show } from "../utils/config.ts";
import { ConfigError, DataFrameError } from "../utils/exceptions.ts";
import { warn } from "../utils/warnings.ts";
import { checkColumns, countUnique, isNumeric } from "./tables.ts";

/**
 * The categorical columns that `stratification` names; `sex` for true.
 * @throws DataFrameError when one is not in the table, or holds continuous numbers.
 */
export function stratificationColumns(
  what: string,
  rows: readonly ParticipantRow[],
  asked: string | boolean | readonly string[],
): readonly string[] {
  if (asked === false) return [];
  const columns = asked === true ? ["sex"] : typeof asked === "string" ? [asked] : asked;
  checkColumns(rows, columns);
  for (const column of columns) {
    const unique = countUnique(rows, column);
    if (isNumeric(rows, column) && unique >= rows.length / 2) {
      throw new DataFrameError(
        `stratification: '${column}' is continuous (${unique} different numbers in ${rows.length} rows). ${what} stratifies on a categorical column only; group the values first.`,
      );
    }
  }
  return columns;
}

/**
 * The class of each participant: its value, or, of several columns, its values together.
 * @throws DataFrameError when one has no value. @throws ConfigError when no class has a participant for each fold.
 */
export function labelsOf(
  what: string,
  baseline: readonly ParticipantRow[],
  columns: readonly string[],
  nSplits: number,
): readonly unknown[] {
  const labels = baseline.map((row) => {
    const values = columns.map((column) => givenValue(row, column, "stratification"));
    return values.length === 1 ? values[0] : values.map(show).join(", ");
  });
  const counts = new Map<unknown, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const named = columns.map((column) => `'${column}'`).join(", ");
  if ([...counts.values()].every((n) => n < nSplits)) {
    throw new ConfigError(
      `${what}: 'nSplits' got ${nSplits}, more than the participants of any class of ${named}. Ask for fewer folds.`,
    );
  }
  for (const [label, n] of counts) {
    const shown = columns.length === 1 ? show(label) : String(label);
    if (n < nSplits)
      warn(`${what}: only ${n} participants have ${named} = ${shown}: some of the ${nSplits} folds have none.`);
  }
  return labels;
}

/**
 * The group of each participant. Of one with several sessions it is that of the first; where others differ (a participant who was scanned at two sites), a
 * warning says how many, since the groups are then not apart.
 * @throws DataFrameError when the column is not there, or a participant has no value. @throws ConfigError for fewer groups than folds.
 */
export function groupsOf(
  what: string,
  baseline: readonly ParticipantRow[],
  rows: readonly ParticipantRow[],
  column: string,
  nSplits: number,
): readonly unknown[] {
  const groups = baseline.map((row) => givenValue(row, column, "groups"));
  const unique = new Set(groups).size;
  if (unique < nSplits) {
    throw new ConfigError(
      `${what}: '${column}' has ${unique} different ${unique === 1 ? "value" : "values"}, too few for ${nSplits} folds of whole groups. Ask for fewer folds.`,
    );
  }
  const first = new Map(baseline.map((row, i) => [row.participant_id, groups[i]]));
  const moved = new Set(
    rows
      .filter((row) => (row[column] ?? null) !== null && row[column] !== first.get(row.participant_id))
      .map((row) => row.participant_id),
  );
  if (moved.size > 0) {
    warn(
      `${what}: ${moved.size} participants have another '${column}' in a later session (${[...moved].slice(0, 5).join(", ")}${moved.size > 5 ? ", …" : ""}). They stay with the group of their first session, with all sessions.`,
    );
  }
  return groups;
}

function givenValue(row: ParticipantRow, column: string, option: string): unknown {
  const value = row[column] ?? null;
  if (value !== null) return value;
  throw new DataFrameError(
    `${option}: (${row.participant_id}, ${row.session_id}) has no value in '${column}'. Fill it in, or leave the participant out.`,
  );
}
