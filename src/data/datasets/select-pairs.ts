import { type Row, readParticipants } from "../../io/tsv/index.ts";
import { DataFrameError } from "../../utils/exceptions.ts";
import { warn } from "../../utils/warnings.ts";
import type { RowSelection } from "./dataset-like.ts";
import { listMissing, type Missing, type Pair, partPairs } from "./missing-pairs.ts";

/**
 * The pairs that are asked for and present, each once, in the order asked for.
 * @throws DataFrameError for pairs that are not present, unless `missing` is "ignore", which warns; and when none is.
 */
export function selectPairs(selection: RowSelection, present: readonly Pair[], missing: Missing): readonly Pair[] {
  const wanted = partPairs(pairsOf(selection), present);
  if (wanted.missing.length === 0) return wanted.found;
  const { length } = wanted.missing;
  const asked = `${typeof selection === "string" ? `${selection}: ` : ""}${length} of the ${length + wanted.found.length} (participant, session) pairs asked for`;
  const what = `${asked} ${length === 1 ? "is" : "are"} not in the dataset: ${listMissing(wanted.missing, present)}.`;
  if (wanted.found.length === 0) throw new DataFrameError(`${what} None is left.`);
  if (missing === "error") {
    throw new DataFrameError(`${what} Correct their spelling, or leave them out with { missing: "ignore" }.`);
  }
  warn(`${what} They are left out.`);
  return wanted.found;
}

function pairsOf(selection: RowSelection): readonly Pair[] {
  if (typeof selection === "string") return readParticipants(selection, { sessionsOptional: true });
  const isPair = (item: unknown): item is readonly [string, string] => Array.isArray(item);
  const rows = selection.map((item): Row => (isPair(item) ? { participant_id: item[0], session_id: item[1] } : item));
  const name = "The table given to subset()";
  return readParticipants(rows, { checkDuplicates: false, name, sessionsOptional: true });
}
