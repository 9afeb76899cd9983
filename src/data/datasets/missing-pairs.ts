import { PARTICIPANT_ID, pairKey, SESSION_ID } from "../../io/tsv/index.ts";

/** What is done with (participant, session) pairs that are asked for and that a dataset lacks. */
export type Missing = "error" | "ignore";

/** The same of pairs that some of several datasets lack, which may also be zeros there. */
export type MissingMember = Missing | "zeros";

/** Whose image a row is. */
export interface Pair {
  readonly [PARTICIPANT_ID]: string;
  readonly [SESSION_ID]: string;
}

const SHOWN = 10;

/**
 * The pairs that a dataset lacks, for a message: the first ten, each with what the dataset has in a near spelling.
 *
 *     (sub-003, ses-M00) [the dataset has (sub-003, ses-M000)], (sub-08, ses-M000) [the dataset has (sub-008, ses-M000)]
 * @example
 * ```ts
 * const wanted = [{ participant_id: "sub-1", session_id: "ses-M000" }];
 * const present = [{ participant_id: "sub-001", session_id: "ses-M000" }];
 * console.log(listMissing(wanted, present)); // → (sub-1, ses-M000) [the dataset has (sub-001, ses-M000)]
 * ```
 */
export function listMissing(missing: readonly Pair[], present: readonly Pair[]): string {
  const alike = Map.groupBy(present, (pair) => `${bare(pair.participant_id)}\t${bare(pair.session_id)}`);
  const same = Map.groupBy(present, (pair) => bare(pair.participant_id));
  const listed = missing.slice(0, SHOWN).map((pair) => {
    const key = `${bare(pair.participant_id)}\t${bare(pair.session_id)}`;
    const near = alike.get(key) ?? same.get(bare(pair.participant_id)) ?? [];
    const shown = near.slice(0, 3).map(pairText).join(", ") + (near.length > 3 ? ", …" : "");
    return `${pairText(pair)}${near.length > 0 ? ` [the dataset has ${shown}]` : ""}`;
  });
  const more = missing.length > SHOWN ? ` and ${missing.length - SHOWN} more` : "";
  return `${listed.join(", ")}${more}`;
}

/**
 * The pairs that are asked for, each once, parted by whether a dataset has them.
 * @example
 * ```ts
 * const wanted = [{ participant_id: "sub-001", session_id: "ses-M000" }, { participant_id: "sub-099", session_id: "ses-M000" }];
 * const { found, missing } = partPairs(wanted, dataset.df.map(({ participant_id, session_id }) => ({ participant_id, session_id })));
 * console.log(found.length, missing[0]?.participant_id); // → 1 sub-099
 * ```
 */
export function partPairs<T extends Pair>(
  wanted: readonly T[],
  present: readonly Pair[],
): { readonly found: readonly T[]; readonly missing: readonly T[] } {
  const known = new Set(present.map(pairKey));
  const once = [...new Map(wanted.map((pair) => [pairKey(pair), pair])).values()];
  const { found = [], missing = [] } = Object.groupBy(once, (pair) => (known.has(pairKey(pair)) ? "found" : "missing"));
  return { found, missing };
}

function pairText(pair: Pair): string {
  return `(${pair.participant_id}, ${pair.session_id})`;
}

/** A name without what spellings differ in: case, leading zeros, signs, `sub-` and `ses-`. */
function bare(name: string): string {
  return name
    .toLowerCase()
    .replace(/^(?:sub|ses)-/, "")
    .replace(/[^\p{L}\p{N}]/gu, "")
    .replace(/(?<!\d)0+(?=\d)/g, "");
}
