import { z } from "zod";
import { readParticipants } from "../io/tsv/index.ts";
import { type Input, parseWith } from "../utils/config.ts";
import { groupsOf } from "./columns.ts";
import { KFoldConfig } from "./configs.ts";
import { SplitDesign } from "./design.ts";
import { leaveOneGroupOut } from "./group-folds.ts";
import { KFOLD_FILE, KFoldPlan } from "./kfold-plan.ts";
import { kFoldFields } from "./make-kfold.ts";
import { checkColumns, extractBaseline, outputDirOf, publishSplit, type TableLike } from "./tables.ts";

const { outputDir, subsetName, longitudinal } = kFoldFields;
/** What makeLeaveOneGroupOut takes. */
export const makeLeaveOneGroupOutSchema = z.strictObject({
  /** The column that names the group of a participant, such as `site`. */
  groups: z.string(),
  /** Where the folder of the split is made; default: where the table is. */
  outputDir,
  /** What the other subset is called; default "validation". */
  subsetName,
  /** Whether all sessions are validated on, or only the first. All are trained on. Default false. */
  longitudinal,
});
export type MakeLeaveOneGroupOutOptions = Input<typeof makeLeaveOneGroupOutSchema>;

/**
 * Makes as many splits as there are groups: each validates on one group and trains on all others, as a model is tested on a site that it
 * has not seen. scikit-learn's `LeaveOneGroupOut`; groups come in the order of their names, numbers by value. Nothing is drawn.
 *
 * @param data as for `makeKFold`.
 * @param options
 * - `groups`: the column that names the group of a participant: `site`.
 * - `outputDir`, `subsetName` ("validation"), `longitudinal` (false): as for `makeKFold`.
 * @returns the folder, which `KFold` opens: `<outputDir>/leave_one_<groups>_out`, with `_2`, `_3`… where it exists.
 * @throws ConfigError, DataFrameError
 * @example
 * ```ts
 * const folder = makeLeaveOneGroupOut("bids/metadata.tsv", { groups: "sex", outputDir: "sites" });
 * console.log([...new KFold(folder).getSplits(dataset)].length); // → 2
 * ```
 */
export function makeLeaveOneGroupOut(data: TableLike, options: MakeLeaveOneGroupOutOptions): string {
  const what = "makeLeaveOneGroupOut";
  const given = parseWith(makeLeaveOneGroupOutSchema, options, what);
  const { groups } = given;
  const folder = outputDirOf(data, given.outputDir);
  const rows = readParticipants(data, { checkDuplicates: false, sessionsOptional: true });
  checkColumns(rows, [groups], "groups");
  const baseline = extractBaseline(rows, [groups]);
  const members = groupsOf(what, baseline, rows, groups, 2);
  const folds = leaveOneGroupOut(members);
  const config = new KFoldConfig({
    ...(given.subsetName === undefined ? {} : { subsetName: given.subsetName }),
    longitudinal: given.longitudinal,
    nSplits: folds.length,
  });
  const design = new SplitDesign({ groups, leaveOneGroupOut: true });
  const plan = new KFoldPlan(config, design, { rows, baseline, folds, columns: [groups] });
  // a column's name may hold what a folder's name may not
  const name = `leave_one_${groups.replaceAll(/[^A-Za-z0-9_.-]/g, "_")}_out`;
  return publishSplit(folder, name, { file: KFOLD_FILE, content: config.toDict() }, (dir) => plan.writeTables(dir));
}
