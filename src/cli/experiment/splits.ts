import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Maps } from "../../io/maps/index.ts";
import type { Row } from "../../io/tsv/index.ts";
import { KFold, makeKFold, makeLeaveOneGroupOut, makeSplit, SingleSplit, type Split } from "../../split/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import type { ExperimentParts } from "./parts.ts";
import type { Experiment } from "./schema.ts";

/** Where a MAPS has the splits that were made for it. */
export const SPLITS = "splits";

/**
 * The splits of an experiment; those that it asks to make are made once, in `<maps>/splits`.
 * @throws ConfigError for a fold that is not there; what the maker throws.
 */
export function findSplits(
  experiment: Experiment,
  maps: Maps,
  { dataset, evalDataset }: Pick<ExperimentParts, "dataset" | "evalDataset">,
  folds: readonly number[] | undefined,
): Iterable<Split> {
  const { data } = experiment.dataset;
  const table = typeof data === "string" ? data : dataset.df;
  const directory = experiment.split.directory ?? maps.locked(() => madeIn(maps, experiment.split, table));
  const options = evalDataset === undefined ? {} : { evalDataset };
  if (existsSync(join(directory, "single_split_config.json"))) {
    checkFolds(folds, directory, 1);
    return [new SingleSplit(directory).getSplit(dataset, options)];
  }
  const kFold = new KFold(directory);
  checkFolds(folds, directory, kFold.length);
  return kFold.getSplits(dataset, { ...options, ...(folds === undefined ? {} : { splits: folds }) });
}

function checkFolds(folds: readonly number[] = [], directory: string, count: number): void {
  const unknown = folds.filter((fold) => fold >= count);
  if (unknown.length === 0) return;
  throw new ConfigError(`There is no split ${unknown.join(", ")} in ${directory}: it has 0 to ${count - 1}.`);
}

/** The folder of the splits in a MAPS, made where it is not there. */
function madeIn(maps: Maps, split: Experiment["split"], table: string | readonly Row[]): string {
  const outputDir = join(maps.path, SPLITS);
  const [made] = existsSync(outputDir) ? readdirSync(outputDir) : [];
  if (made !== undefined) return join(outputDir, made);
  const { makeKfold, makeSplit: single, makeLeaveOneGroupOut: groups } = split;
  if (makeKfold !== undefined) return makeKFold(table, { ...makeKfold, outputDir });
  if (single !== undefined) return makeSplit(table, { ...single, outputDir });
  if (groups === undefined) throw new ConfigError("split: there is none.");
  return makeLeaveOneGroupOut(table, { ...groups, outputDir });
}
