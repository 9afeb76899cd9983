/** The pairs of a split in a dataset: none may be lost without a word. */
import { type DatasetLike, listMissing, type Missing, type Pair, partPairs } from "../data/datasets/index.ts";
import type { Item } from "../data/structures/index.ts";
import type { ParticipantRow } from "../io/tsv/index.ts";
import { DataFrameError } from "../utils/exceptions.ts";
import { warn, warnOnce } from "../utils/warnings.ts";
import type { Tables } from "./split-dir.ts";

/**
 * Checks that a dataset has all pairs of the tables that are wanted in it.
 * @param what whose pairs they are, for messages: `KFold.getSplits: splits/4_fold`.
 * @throws DataFrameError listing the pairs that it lacks, with near spellings, unless they are to be ignored.
 */
export function checkPairs(what: string, dataset: DatasetLike, tables: readonly Pair[], missing: Missing): void {
  const present = pairsOf(dataset);
  const lacking = partPairs(tables, present);
  const { length } = lacking.missing;
  if (length === 0) return;
  const all = length + lacking.found.length;
  const message = `${what}: ${length} of the ${all} (participant, session) pairs of the split ${length === 1 ? "is" : "are"} not in the dataset: ${listMissing(lacking.missing, present)}.`;
  if (missing === "ignore") return warn(`${message} They are left out.`);
  throw new DataFrameError(
    `${message} Correct the table and make the split again, or leave them out with { missing: "ignore" }.`,
  );
}

/** The part of a dataset that a table of a split names. @throws DataFrameError when it is empty. */
export function takePairs<T extends Item>(
  what: string,
  dataset: DatasetLike<T>,
  table: readonly ParticipantRow[],
): DatasetLike<T> {
  const { found } = partPairs(table, pairsOf(dataset));
  if (found.length > 0) return dataset.subset(found);
  throw new DataFrameError(
    table.length === 0
      ? `${what} names nobody. Make the split with another number of participants.`
      : `${what}: the dataset has none of its ${table.length} (participant, session) pairs.`,
  );
}

/** Says, once, which participants of a dataset a split leaves out: they are in none of its tables. */
export function warnOfUnused(what: string, dataset: DatasetLike, tables: readonly Tables[]): void {
  const used = new Set(
    tables.flatMap(({ training, validation }) => [...training, ...validation].map((row) => row.participant_id)),
  );
  const participants = [...new Set(pairsOf(dataset).map((pair) => pair.participant_id))];
  const unused = participants.filter((participant) => !used.has(participant));
  if (unused.length === 0) return;
  const listed = unused.slice(0, 10).join(", ") + (unused.length > 10 ? ", …" : "");
  const message = `${what}: ${unused.length} of the ${participants.length} participants of the dataset are on neither side of the split, as those of a test set should be: ${listed}.`;
  warnOnce(message, message);
}

function pairsOf(dataset: DatasetLike): Pair[] {
  return dataset.getParticipantSessionCouples().map(([participant_id, session_id]) => ({ participant_id, session_id }));
}
