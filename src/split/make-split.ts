import { join } from "node:path";
import { z } from "zod";
import { type ParticipantRow, type Row, readParticipants, writeTsv } from "../io/tsv/index.ts";
import { type Input, parseWith } from "../utils/config.ts";
import { ClinicaDLException, ConfigError } from "../utils/exceptions.ts";
import { freshSeed, RandomState } from "../utils/random/index.ts";
import { tTest } from "../utils/stats/index.ts";
import { groupsOf } from "./columns.ts";
import { SingleSplitConfig } from "./configs.ts";
import { SplitDesign, writeDesign } from "./design.ts";
import { type FoldIndices, shuffleSplit } from "./folds.ts";
import { groupShuffleSplit } from "./group-folds.ts";
import { categoricalP, categoricalStats, continuousStats, numbers } from "./statistics.ts";
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

/** What makeSplit takes. */
export const makeSplitSchema = z.strictObject({
  /** Below 1 the share of the participants that are tested on, else their number; default 0.2. */
  nTest: z.number().min(0).default(0.2),

  /** Where the folder of the split is made; default: where the table is. */
  outputDir: z.string().min(1).optional(),

  /** What the other subset is called; default "test". */
  subsetName: z.string().optional(),

  /** Columns in which both sides are alike; true: `age` and `sex`. Default false. */
  stratification: z.union([z.array(z.string()), z.boolean()]).default(false),

  /** The least p-value of the chi-squared test of a column of categories; nearer to 1 is more alike. Default 0.8. */
  pCategoricalThreshold: z.number().min(0).max(1).default(0.8),

  /** The least p-value of the t-test of a column of numbers; nearer to 1 is more alike. Default 0.8. */
  pContinuousThreshold: z.number().min(0).max(1).default(0.8),

  /** A column whose values (families, sites) stay on one side; default null. */
  groups: z.string().nullable().default(null),

  /** Whether all sessions are tested on, or only the first. Default false. */
  longitudinal: z.boolean().default(false),

  /** How many random splits are tried at most; default 1000. */
  nTryMax: z.int().min(1).default(1000),

  /** With the same seed, participants are dealt out alike; drawn, and recorded, where there is none. */
  seed: z.int().min(0).max(0xffffffff).nullish(),
});
export type MakeSplitOptions = Input<typeof makeSplitSchema>;

/**
 * No random split resembled the whole closely enough.
 * @example
 * ```ts
 * try {
 *   makeSplit("bids/metadata.tsv", { nTest: 1, stratification: ["diagnosis"], pCategoricalThreshold: 1, nTryMax: 2, outputDir: "none" });
 * } catch (error) {
 *   console.log(error instanceof NoSplitFoundError); // → true
 * }
 * ```
 */
export class NoSplitFoundError extends ClinicaDLException {}

/**
 * Cuts the **participants** of a table into a training and a test set, once. Random splits are tried
 * (scikit-learn's `ShuffleSplit`, the same with the same seed) until both sets resemble each other in every
 * column asked for.
 *
 * @param data the path of a TSV, or rows, with `participant_id` and `session_id`; without `session_id`, each participant has one
 * session, `ses-none`, as in a BIDS dataset without `ses-` folders.
 * @param options
 * - `nTest` (0.2): below 1 the share of the participants, else their number; 0 gives an empty test set.
 * - `outputDir`, `longitudinal`, `seed`: as for `makeKFold`. `subsetName` ("test").
 * - `stratification` (false): columns; true means `age` and `sex`. Numbers with at least nTest/2 different values are compared by
 *   Student's t-test, others by Pearson's chi-squared test on the counts.
 * - `groups` (null): a column; participants with the same value (a family, a site) are on the same side. The test set has as many participants as
 *   whole groups in random order fill without exceeding `nTest`; `design.json` beside ClinicaDL's JSON names the column.
 * - `pCategoricalThreshold`, `pContinuousThreshold` (0.8): the least p-value; nearer to 1 is more alike.
 * - `nTryMax` (1000): how many splits to try.
 * @returns the folder: `<outputDir>/split`, with `_2`, `_3`… where it exists. It is written whole or not at all.
 * @throws ConfigError, DataFrameError, NoSplitFoundError
 * @example
 * ```ts
 * const folder = makeSplit("bids/metadata.tsv", { nTest: 0.25, stratification: ["diagnosis"], outputDir: "held-out", seed: 42 });
 * const { trainDataset, valDataset } = new SingleSplit(folder).getSplit(dataset);
 * console.log(trainDataset.length, valDataset.length); // → 12 4
 * ```
 */
export function makeSplit(data: TableLike, options: MakeSplitOptions = {}): string {
  const given = parseWith(makeSplitSchema, options, "makeSplit");
  const outputDir = outputDirOf(data, given.outputDir);
  const rows = readParticipants(data, { checkDuplicates: false, sessionsOptional: true });
  const columns =
    given.stratification === true ? ["age", "sex"] : given.stratification === false ? [] : given.stratification;
  const { groups } = given;
  checkColumns(rows, columns);
  if (groups !== null) checkColumns(rows, [groups], "groups");
  const seed = given.seed ?? freshSeed();
  const { nTest, longitudinal, pCategoricalThreshold, pContinuousThreshold } = given;
  const config = new SingleSplitConfig({
    ...(given.subsetName === undefined ? {} : { subsetName: given.subsetName }),
    stratification: columns,
    longitudinal,
    seed,
    nTest,
    pCategoricalThreshold,
    pContinuousThreshold,
  });

  const kept = [...new Set([...columns, ...(groups === null ? [] : [groups])])];
  const baseline = extractBaseline(rows, kept);
  const count = nTest >= 1 ? Math.trunc(nTest) : Math.trunc(nTest * baseline.length);
  if (count >= baseline.length) {
    throw new ConfigError(
      `makeSplit: 'nTest' got ${nTest}, but there are only ${baseline.length} participants. At least one must be left to train on.`,
    );
  }
  const members = groups === null ? null : groupsOf("makeSplit", baseline, rows, groups, 2);
  const smallest = members === null ? 0 : smallestGroup(members);
  if (count > 0 && count < smallest) {
    throw new ConfigError(
      `makeSplit: 'nTest' got ${nTest}, which is ${count} participants, but the smallest group of '${groups}' has ${smallest}. Ask for as many at least.`,
    );
  }
  const continuous = columns.filter((c) => isNumeric(baseline, c) && countUnique(baseline, c) >= count / 2);
  const categorical = columns.filter((c) => !continuous.includes(c));
  const indices = count === 0 ? { train: baseline.map((_, i) => i), test: [] } : search();
  const at = (which: readonly number[]): ParticipantRow[] => which.map((i) => baseline[i] as ParticipantRow);
  const [train, test] = [at(indices.train), at(indices.test)];

  return publishSplit(outputDir, "split", { file: "single_split_config.json", content: config.toDict() }, (dir) => {
    if (count > 0 && continuous.length > 0) {
      writeTsv(join(dir, "split_continuous_stats.tsv"), continuousStats(continuous, train, test, config.subsetName));
    }
    if (count > 0 && categorical.length > 0) {
      writeTsv(join(dir, "split_categorical_stats.tsv"), categoricalStats(categorical, train, test, config.subsetName));
    }
    writeSubsets(dir, { folder: "", train, subset: test }, rows, kept, config);
    writeDesign(dir, new SplitDesign({ groups }));
  });

  function search(): FoldIndices {
    let tries = 0;
    const random = new RandomState(seed);
    const splits =
      members === null ? shuffleSplit(baseline.length, count, random) : groupShuffleSplit(members, count, random);
    for (const split of splits) {
      const [a, b] = [split.test.map((i) => baseline[i] as Row), split.train.map((i) => baseline[i] as Row)];
      // a p-value that cannot be computed (NaN) is not above the threshold
      if (
        continuous.every((c) => tTest(numbers(a, c), numbers(b, c)) >= pContinuousThreshold) &&
        categorical.every((c) => categoricalP(a, b, c) >= pCategoricalThreshold)
      ) {
        return split;
      }
      if (++tries >= given.nTryMax) break;
    }
    throw new NoSplitFoundError(
      `makeSplit: none of ${given.nTryMax} random splits was even enough in ${columns.join(", ")} (thresholds: ${pCategoricalThreshold} categorical, ${pContinuousThreshold} continuous). Lower a threshold, drop a column, or raise nTryMax.`,
    );
  }
}

function smallestGroup(members: readonly unknown[]): number {
  const sizes = new Map<unknown, number>();
  for (const group of members) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  return Math.min(...sizes.values());
}
