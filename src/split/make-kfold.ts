import { z } from "zod";
import { type ParticipantRow, readParticipants } from "../io/tsv/index.ts";
import { type Input, parseWith, show } from "../utils/config.ts";
import { ConfigError, DataFrameError } from "../utils/exceptions.ts";
import { freshSeed } from "../utils/random/index.ts";
import { warn } from "../utils/warnings.ts";
import { KFoldConfig } from "./configs.ts";
import { kFold, stratifiedKFold } from "./folds.ts";
import {
  checkColumns,
  countUnique,
  extractBaseline,
  isNumeric,
  outputDirOf,
  publishSplit,
  type TableLike,
  writeSubsets,
} from "./tables.ts";

const schema = z.strictObject({
  nSplits: z.int().min(2, "Give at least 2 folds").default(5),
  outputDir: z.string().min(1).optional(),
  subsetName: z.string().optional(),
  stratification: z.union([z.string(), z.boolean(), z.array(z.string()).length(1)]).default(false),
  longitudinal: z.boolean().default(false),
  seed: z.int().min(0).max(0xffffffff).nullish(),
});
export type MakeKFoldOptions = Input<typeof schema>;

/**
 * Cuts the **participants** of a table into `nSplits` folds and writes, for each fold, who is trained on and who is
 * validated on. No participant is on both sides. With the same seed the folds are those of ClinicaDL (scikit-learn's
 * `KFold` and `StratifiedKFold`).
 *
 * @param data the path of a TSV, or rows, with `participant_id` and `session_id`; without `session_id`, each participant has one
 * session, `ses-none`, as in a BIDS dataset without `ses-` folders.
 * @param options
 * - `nSplits` (5): how many folds, at least 2 and at most the number of participants.
 * - `outputDir`: the folder in which the split's folder is made. Default: that of the TSV; needed for rows.
 * - `subsetName` ("validation"): what the other subset is called.
 * - `stratification` (false): a categorical column whose proportions every fold keeps; true means `sex`.
 * - `longitudinal` (false): whether all sessions are validated on, or only the first. All are trained on.
 * - `seed`: an integer; drawn at random when missing, and recorded.
 * @returns the folder: `<outputDir>/<nSplits>_fold`, with `_2`, `_3`… where it exists. It is written whole or not at all.
 * @throws ConfigError, DataFrameError
 */
export function makeKFold(data: TableLike, options: MakeKFoldOptions = {}): string {
  const given = parseWith(schema, options, "makeKFold");
  const outputDir = outputDirOf(data, given.outputDir);
  const rows = readParticipants(data, { checkDuplicates: false, sessionsOptional: true });
  const column = stratificationColumn(rows, given.stratification);
  const seed = given.seed ?? freshSeed();
  const { nSplits, longitudinal } = given;
  const config = new KFoldConfig({
    ...(given.subsetName === undefined ? {} : { subsetName: given.subsetName }),
    stratification: column,
    longitudinal,
    seed,
    nSplits,
  });

  const baseline = extractBaseline(rows, column === null ? null : [column]);
  if (nSplits > baseline.length) {
    throw new ConfigError(
      `makeKFold: 'nSplits' got ${nSplits}, but there are only ${baseline.length} participants. Ask for at most as many folds.`,
    );
  }
  const folds =
    column === null
      ? kFold(baseline.length, nSplits, seed)
      : stratifiedKFold(labelsOf(baseline, column, nSplits), nSplits, seed);
  const at = (indices: readonly number[]): ParticipantRow[] => indices.map((i) => baseline[i] as ParticipantRow);

  return publishSplit(outputDir, `${nSplits}_fold`, { file: "kfold_config.json", content: config.toDict() }, (dir) => {
    folds.forEach(({ train, test }, i) => {
      const subsets = { folder: `split-${i}`, train: at(train), subset: at(test) };
      writeSubsets(dir, subsets, rows, column === null ? [] : [column], config);
    });
  });
}

function stratificationColumn(
  rows: readonly ParticipantRow[],
  asked: string | boolean | readonly string[],
): string | null {
  if (asked === false) return null;
  const column = asked === true ? "sex" : typeof asked === "string" ? asked : (asked[0] as string);
  checkColumns(rows, [column]);
  const unique = countUnique(rows, column);
  if (isNumeric(rows, column) && unique >= rows.length / 2) {
    throw new DataFrameError(
      `stratification: '${column}' is continuous (${unique} different numbers in ${rows.length} rows). makeKFold stratifies on a categorical column only; group the values first.`,
    );
  }
  return column;
}

function labelsOf(baseline: readonly ParticipantRow[], column: string, nSplits: number): unknown[] {
  const labels = baseline.map((row) => {
    const value = row[column] ?? null;
    if (value === null)
      throw new DataFrameError(
        `stratification: (${row.participant_id}, ${row.session_id}) has no value in '${column}'. Fill it in, or leave the participant out.`,
      );
    return value;
  });
  const counts = new Map<unknown, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  if ([...counts.values()].every((n) => n < nSplits)) {
    throw new ConfigError(
      `makeKFold: 'nSplits' got ${nSplits}, more than the participants of any class of '${column}'. Ask for fewer folds.`,
    );
  }
  for (const [label, n] of counts) {
    if (n < nSplits)
      warn(
        `makeKFold: only ${n} participants have '${column}' = ${show(label)}: some of the ${nSplits} folds have none.`,
      );
  }
  return labels;
}
