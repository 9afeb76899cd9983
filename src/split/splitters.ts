import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Dataset } from "../data/datasets/index.ts";
import { readJson } from "../io/json/index.ts";
import { type Row, readTsv } from "../io/tsv/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { KFoldConfig, SingleSplitConfig } from "./configs.ts";
import { Split } from "./split.ts";

/** A split folder is not there, or lacks a file. */
export class SplitDirError extends ClinicaDLException {}

const REMEDY = "Make it with makeKFold or makeSplit (clinicadl/split).";

interface Tables {
  readonly training: Row[];
  readonly validation: Row[];
}

/** Splits of a dataset may validate on another one (whole images, when training is on patches). */
export interface GetSplitOptions {
  /** Where the validation set is taken from. Default: the dataset itself. */
  readonly evalDataset?: Dataset;
}

/** The folds that `makeKFold` wrote. */
export class KFold {
  readonly splitDir: string;
  readonly config: KFoldConfig;
  readonly #tables: readonly Tables[];

  /** @throws SplitDirError when the folder or one of its files is missing. */
  constructor(splitDir: string) {
    this.splitDir = splitDir;
    this.config = KFoldConfig.fromDict(readConfig(splitDir, "kfold_config.json"));
    this.#tables = Array.from({ length: this.config.nSplits }, (_, i) =>
      readTables(join(splitDir, `split-${i}`), this.config),
    );
  }

  /** How many folds there are. */
  get length(): number {
    return this.#tables.length;
  }

  /**
   * The splits of a dataset, one after the other.
   * @param options `splits`: which ones, in which order (default all); `evalDataset`: validated on instead of `dataset`.
   * @throws RangeError, before the first split, when one of `splits` does not exist.
   */
  getSplits(
    dataset: Dataset,
    options: GetSplitOptions & { readonly splits?: readonly number[] } = {},
  ): Generator<Split, void, undefined> {
    checkOptions("KFold.getSplits", options, ["splits", "evalDataset"]);
    const indices = options.splits ?? this.#tables.map((_, i) => i);
    for (const index of indices) {
      if (!Number.isInteger(index) || index < 0 || index >= this.length) {
        throw new RangeError(
          `KFold.getSplits: there is no split ${index}. ${this.splitDir} has splits 0 to ${this.length - 1}.`,
        );
      }
    }
    return this.#splits(dataset, options.evalDataset ?? dataset, indices);
  }

  *#splits(dataset: Dataset, evalDataset: Dataset, indices: readonly number[]): Generator<Split, void, undefined> {
    for (const index of indices)
      yield makeSplitOf(this.splitDir, index, dataset, evalDataset, this.#tables[index] as Tables);
  }
}

/** The split that `makeSplit` wrote. */
export class SingleSplit {
  readonly splitDir: string;
  readonly config: SingleSplitConfig;
  readonly #tables: Tables;

  /** @throws SplitDirError when the folder or one of its files is missing. */
  constructor(splitDir: string) {
    this.splitDir = splitDir;
    this.config = SingleSplitConfig.fromDict(readConfig(splitDir, "single_split_config.json"));
    this.#tables = readTables(splitDir, this.config);
  }

  /** The split of a dataset; its index is 0. */
  getSplit(dataset: Dataset, options: GetSplitOptions = {}): Split {
    checkOptions("SingleSplit.getSplit", options, ["evalDataset"]);
    return makeSplitOf(this.splitDir, 0, dataset, options.evalDataset ?? dataset, this.#tables);
  }
}

function makeSplitOf(splitDir: string, index: number, dataset: Dataset, evalDataset: Dataset, tables: Tables): Split {
  return new Split({
    index,
    splitDir,
    trainDataset: dataset.subset(tables.training),
    valDataset: evalDataset.subset(tables.validation),
  });
}

function checkOptions(where: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    throw new TypeError(
      `${where}: unknown option ${unknown.map((key) => `'${key}'`).join(", ")}. It takes ${known.join(", ")}.`,
    );
  }
}

function readConfig(splitDir: string, file: string): JsonObject {
  if (!existsSync(splitDir) || !statSync(splitDir).isDirectory())
    throw new SplitDirError(`There is no split folder ${splitDir}. ${REMEDY}`);
  const path = join(splitDir, file);
  if (!existsSync(path)) throw new SplitDirError(`${splitDir} is not such a split: it lacks ${file}. ${REMEDY}`);
  return readJson(path);
}

function readTables(
  dir: string,
  { subsetName, longitudinal }: { readonly subsetName: string; readonly longitudinal: boolean },
): Tables {
  const files = [
    "train_baseline.tsv",
    `${subsetName}_baseline.tsv`,
    "train.tsv",
    ...(longitudinal ? [`${subsetName}.tsv`] : []),
  ];
  for (const file of files) {
    if (!existsSync(join(dir, file))) throw new SplitDirError(`The split folder ${dir} lacks ${file}. ${REMEDY}`);
  }
  return {
    training: readTsv(join(dir, "train.tsv")),
    validation: readTsv(join(dir, longitudinal ? `${subsetName}.tsv` : `${subsetName}_baseline.tsv`)),
  };
}
