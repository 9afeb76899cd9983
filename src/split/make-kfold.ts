import { z } from "zod";
import { readParticipants } from "../io/tsv/index.ts";
import { type Input, parseWith } from "../utils/config.ts";
import { freshSeed } from "../utils/random/index.ts";
import { KFOLD_FILE, planKFold } from "./kfold-plan.ts";
import { outputDirOf, publishSplit, type TableLike } from "./tables.ts";

export const kFoldFields = {
  /** How many folds there are, at most as many as participants, or groups; default 5. */
  nSplits: z.int().min(2, "Give at least 2 folds").default(5),

  /** Where the folder of the split is made; default: where the table is. */
  outputDir: z.string().min(1).optional(),

  /** What the other subset is called; default "validation". */
  subsetName: z.string().optional(),

  /** A categorical column whose proportions every fold keeps, or several; true: `sex`. Default false. */
  stratification: z.union([z.string(), z.boolean(), z.array(z.string()).min(1)]).default(false),

  /** A column whose values (families, sites) stay on one side; default null. */
  groups: z.string().nullable().default(null),

  /** Whether all sessions are validated on, or only the first. All are trained on. Default false. */
  longitudinal: z.boolean().default(false),

  /** With the same seed, participants are dealt out alike; drawn, and recorded, where there is none. */
  seed: z.int().min(0).max(0xffffffff).nullish(),
};
/** What makeKFold takes. */
export const makeKFoldSchema = z.strictObject({
  ...kFoldFields,
  /** How many times all participants are dealt out anew; default 1. */
  repeats: z.int().min(1).default(1),
});
export type MakeKFoldOptions = Input<typeof makeKFoldSchema>;

/**
 * Cuts the **participants** of a table into `nSplits` folds and writes, for each fold, who is trained on and who is
 * validated on. No participant is on both sides. With the same seed the folds are those of ClinicaDL (scikit-learn's
 * `KFold` and `StratifiedKFold`); with `groups` those of `StratifiedGroupKFold`, with `repeats` those of `RepeatedKFold`.
 *
 * @param data the path of a TSV, or rows, with `participant_id` and `session_id`; without `session_id`, each participant has one
 * session, `ses-none`, as in a BIDS dataset without `ses-` folders.
 * @param options
 * - `nSplits` (5): how many folds, at least 2 and at most the number of participants, or of groups.
 * - `outputDir`: the folder in which the split's folder is made. Default: that of the TSV; needed for rows.
 * - `subsetName` ("validation"): what the other subset is called.
 * - `stratification` (false): a categorical column whose proportions every fold keeps, or several, whose combinations it keeps; true
 *   means `sex`.
 * - `groups` (null): a column; participants with the same value (a family, a site) are on the same side.
 * - `repeats` (1): how many times all participants are dealt out anew. The splits 0 to nSplits - 1 are the first time, the following the second.
 * - `longitudinal` (false): whether all sessions are validated on, or only the first. All are trained on.
 * - `seed`: an integer; drawn at random when missing, and recorded.
 * @returns the folder: `<outputDir>/<nSplits>_fold` (`<nSplits>_fold_<repeats>_repeats`), with `_2`, `_3`… where it exists. It is written
 * whole or not at all. What ClinicaDL's JSON cannot say (groups, repeats, several columns) is in `design.json` beside it.
 * @throws ConfigError, DataFrameError
 * @example
 * ```ts
 * const folder = makeKFold("bids/metadata.tsv", { nSplits: 4, stratification: "diagnosis", outputDir: "four", seed: 42 });
 * const splits = [...new KFold(folder).getSplits(dataset)];
 * console.log(splits.map(({ valDataset }) => valDataset.length)); // → [ 4, 4, 4, 4 ]
 * ```
 */
export function makeKFold(data: TableLike, options: MakeKFoldOptions = {}): string {
  const given = parseWith(makeKFoldSchema, options, "makeKFold");
  const outputDir = outputDirOf(data, given.outputDir);
  const rows = readParticipants(data, { checkDuplicates: false, sessionsOptional: true });
  const { nSplits, repeats } = given;
  const plan = planKFold("makeKFold", rows, {
    ...given,
    subsetName: given.subsetName,
    seed: given.seed ?? freshSeed(),
  });
  const name = repeats === 1 ? `${nSplits}_fold` : `${nSplits}_fold_${repeats}_repeats`;
  return publishSplit(outputDir, name, { file: KFOLD_FILE, content: plan.config.toDict() }, (dir) =>
    plan.writeTables(dir),
  );
}
