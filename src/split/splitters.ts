import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { DatasetLike, Missing } from "../data/datasets/index.ts";
import type { Item } from "../data/structures/index.ts";
import { parseWith } from "../utils/config.ts";
import { KFoldConfig, SingleSplitConfig } from "./configs.ts";
import { readDesign, type SplitDesign } from "./design.ts";
import { checkPairs, takePairs, warnOfUnused } from "./find-pairs.ts";
import { Split } from "./split.ts";
import { readSplitConfig, readTables, SplitDirError, type Tables } from "./split-dir.ts";

/** Splits of a dataset may validate on another one (whole images, when training is on patches). */
export interface GetSplitOptions<T extends Item = Item> {
  /** Where the validation set is taken from. Default: the dataset itself. */
  readonly evalDataset?: DatasetLike<T>;
  /**
   * What is done with (participant, session) pairs of the split that the dataset lacks: "error" (the default) lists them with
   * near spellings; "ignore" leaves them out, with a warning that counts them.
   */
  readonly missing?: "error" | "ignore";
}

const options = z.strictObject({
  evalDataset: z.custom<DatasetLike>((value) => typeof value === "object" && value !== null).optional(),
  missing: z.enum(["error", "ignore"]).default("error"),
});
const kFoldOptions = options.extend({ splits: z.array(z.number()).readonly().optional() });

/**
 * The folds that `makeKFold` wrote.
 * @example
 * ```ts
 * const folds = new KFold("splits/3_fold");
 * for (const split of folds.getSplits(dataset)) {
 *   split.buildTrainLoader({ batchSize: 4 });
 *   split.buildValLoader({ batchSize: 4 });
 * }
 * console.log(folds.config.nSplits, [...folds.getSplits(dataset)].map(({ index }) => index)); // → 3 [ 0, 1, 2 ]
 * ```
 */
export class KFold {
  readonly splitDir: string;
  readonly config: KFoldConfig;
  /** What `makeKFold` did beyond ClinicaDL: groups, repeats, several columns; null where it did nothing more. */
  readonly design: SplitDesign | null;
  readonly #tables: readonly Tables[];

  /** @throws SplitDirError when the folder or one of its files is missing, or cannot be used. */
  constructor(splitDir: string) {
    this.splitDir = splitDir;
    this.config = readSplitConfig(splitDir, "kfold_config.json", (dict) => KFoldConfig.fromDict(dict));
    this.design = readDesign(splitDir);
    const { nSplits } = this.config;
    if (existsSync(join(splitDir, `split-${nSplits}`))) {
      throw new SplitDirError(
        `${join(splitDir, "kfold_config.json")}: 'n_splits' is ${nSplits}, but there is a folder split-${nSplits}. Correct the file, or make the split again.`,
      );
    }
    this.#tables = Array.from({ length: nSplits }, (_, i) => readTables(join(splitDir, `split-${i}`), this.config));
  }

  /** How many folds there are. */
  get length(): number {
    return this.#tables.length;
  }

  /**
   * The splits of a dataset, one after the other. What is wrong is said before the first.
   * @param options `splits`: which ones, in which order (default all); `evalDataset`: validated on instead of `dataset`;
   * `missing`: "ignore" leaves out the pairs of the split that the dataset lacks.
   * @throws RangeError when one of `splits` does not exist.
   * @throws DataFrameError listing the pairs of the split that the dataset lacks.
   */
  getSplits<T extends Item>(
    dataset: DatasetLike<T>,
    options: GetSplitOptions<T> & { readonly splits?: readonly number[] } = {},
  ): Generator<Split<T>, void, undefined> {
    const given = parseWith(kFoldOptions, options, "KFold.getSplits");
    const indices = given.splits ?? this.#tables.map((_, i) => i);
    const chosen = indices.map((index) => {
      const tables = this.#tables[index];
      if (tables !== undefined) return { index, tables };
      throw new RangeError(
        `KFold.getSplits: there is no split ${index}. ${this.splitDir} has splits 0 to ${this.length - 1}.`,
      );
    });
    const sources = sourcesOf(
      `KFold.getSplits: ${this.splitDir}`,
      { dataset, evalDataset: options.evalDataset },
      given.missing,
      chosen.map(({ tables }) => tables),
    );
    return this.#splits(sources, chosen);
  }

  *#splits<T extends Item>(
    sources: Sources<T>,
    chosen: readonly { readonly index: number; readonly tables: Tables }[],
  ): Generator<Split<T>, void, undefined> {
    for (const { index, tables } of chosen) yield splitOf(this.splitDir, index, sources, tables);
  }
}

/**
 * The split that `makeSplit` wrote.
 * @example
 * ```ts
 * const folder = makeSplit("bids/metadata.tsv", { nTest: 4, outputDir: "single", seed: 42 });
 * const split = new SingleSplit(folder).getSplit(dataset);
 * console.log(split.trainDataset.length, split.valDataset.length); // → 12 4
 * ```
 */
export class SingleSplit {
  readonly splitDir: string;
  readonly config: SingleSplitConfig;
  readonly #tables: Tables;

  /** @throws SplitDirError when the folder or one of its files is missing, or cannot be used. */
  constructor(splitDir: string) {
    this.splitDir = splitDir;
    this.config = readSplitConfig(splitDir, "single_split_config.json", (dict) => SingleSplitConfig.fromDict(dict));
    this.#tables = readTables(splitDir, this.config);
  }

  /**
   * The split of a dataset; its index is 0.
   * @throws DataFrameError listing the pairs of the split that the dataset lacks, unless `missing` is "ignore".
   */
  getSplit<T extends Item>(dataset: DatasetLike<T>, given: GetSplitOptions<T> = {}): Split<T> {
    const { missing } = parseWith(options, given, "SingleSplit.getSplit");
    const { evalDataset } = given;
    const sources = sourcesOf(`SingleSplit.getSplit: ${this.splitDir}`, { dataset, evalDataset }, missing, [
      this.#tables,
    ]);
    return splitOf(this.splitDir, 0, sources, this.#tables);
  }
}

/** Where the training and the validation set are taken from. */
interface Sources<T extends Item> {
  readonly dataset: DatasetLike<T>;
  readonly evalDataset: DatasetLike<T>;
}

/** Checks that the datasets have what the splits name. */
function sourcesOf<T extends Item>(
  what: string,
  { dataset, evalDataset }: { readonly dataset: DatasetLike<T>; readonly evalDataset: DatasetLike<T> | undefined },
  missing: Missing,
  tables: readonly Tables[],
): Sources<T> {
  const training = tables.flatMap((table) => table.training);
  const validation = tables.flatMap((table) => table.validation);
  if (evalDataset === undefined || evalDataset === dataset) {
    checkPairs(what, dataset, [...training, ...validation], missing);
  } else {
    checkPairs(what, dataset, training, missing);
    checkPairs(`${what}, 'evalDataset'`, evalDataset, validation, missing);
  }
  warnOfUnused(what, dataset, tables);
  return { dataset, evalDataset: evalDataset ?? dataset };
}

function splitOf<T extends Item>(
  splitDir: string,
  index: number,
  { dataset, evalDataset }: Sources<T>,
  tables: Tables,
): Split<T> {
  return new Split({
    index,
    splitDir,
    trainDataset: takePairs(`${splitDir}, the training set of split ${index}`, dataset, tables.training),
    valDataset: takePairs(`${splitDir}, the validation set of split ${index}`, evalDataset, tables.validation),
  });
}
