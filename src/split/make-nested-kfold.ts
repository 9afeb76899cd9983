import { join } from "node:path";
import { z } from "zod";
import { readParticipants } from "../io/tsv/index.ts";
import { type Input, parseWith } from "../utils/config.ts";
import { freshSeed } from "../utils/random/index.ts";
import { KFOLD_FILE, type KFoldRequest, planKFold } from "./kfold-plan.ts";
import { kFoldFields } from "./make-kfold.ts";
import { outputDirOf, publishSplit, type TableLike } from "./tables.ts";

const { subsetName, ...fields } = kFoldFields;
/** What makeNestedKFold takes. */
export const makeNestedKFoldSchema = z.strictObject({
  ...fields,
  /** How many inner folds there are; default 5. */
  nInnerSplits: z.int().min(2, "Give at least 2 folds").default(5),
});
export type MakeNestedKFoldOptions = Input<typeof makeNestedKFoldSchema>;

/** What the folder of so many outer folds is called, where no other is in its place. */
export const nestedFolder = (nSplits: number): string => `${nSplits}_fold_nested`;
/** Where the inner folds of an outer one are, below its folder. */
export const innerFolder = (nInnerSplits: number): string => `${nInnerSplits}_fold`;

/**
 * Folds within folds: the participants are cut into `nSplits` outer folds, each of which is tested once; the others are cut into
 * `nInnerSplits` inner folds, on which a model and its settings are chosen. So nobody who is tested has had a say in the choice (Varma & Simon 2006).
 *
 * @param data as for `makeKFold`.
 * @param options as for `makeKFold`, without `subsetName` (outer: "test", inner: "validation") and `repeats`, and
 * - `nInnerSplits` (5): how many inner folds.
 * The inner folds of an outer one are what `makeKFold` makes of its training set with the same options and seed.
 * @returns the folder, which `NestedKFold` opens: `<outputDir>/<nSplits>_fold_nested`, with `_2`, `_3`… where it exists. The outer folds, and
 * `split-<i>/<nInnerSplits>_fold`, are each a folder that `KFold` (and ClinicaDL) opens.
 * @throws ConfigError, DataFrameError
 * @example
 * ```ts
 * const folder = makeNestedKFold("bids/metadata.tsv", { nSplits: 4, nInnerSplits: 3, outputDir: "inner", seed: 42 });
 * const nested = new NestedKFold(folder);
 * const [outer] = nested.outer.getSplits(dataset);
 * if (outer !== undefined) console.log([...nested.inner(0).getSplits(outer.trainDataset)].length); // → 3
 * ```
 */
export function makeNestedKFold(data: TableLike, options: MakeNestedKFoldOptions = {}): string {
  const what = "makeNestedKFold";
  const { nInnerSplits, ...given } = parseWith(makeNestedKFoldSchema, options, what);
  const outputDir = outputDirOf(data, given.outputDir);
  const rows = readParticipants(data, { checkDuplicates: false, sessionsOptional: true });
  const request: KFoldRequest = { ...given, subsetName: "test", repeats: 1, seed: given.seed ?? freshSeed() };
  const plan = planKFold(what, rows, request);
  const inner = plan.training.map((training, i) => {
    const participants = new Set(training.map((row) => row.participant_id));
    const ofThem = rows.filter((row) => participants.has(row.participant_id));
    const asked = { ...request, nSplits: nInnerSplits, subsetName: "validation" };
    return planKFold(`${what}, the inner folds of split ${i}`, ofThem, asked);
  });
  const json = { file: KFOLD_FILE, content: plan.config.toDict() };
  return publishSplit(outputDir, nestedFolder(given.nSplits), json, (dir) => {
    plan.writeTables(dir, plan.design.with({ nInnerSplits }));
    inner.forEach((own, i) => {
      own.write(join(dir, `split-${i}`, innerFolder(nInnerSplits)));
    });
  });
}
