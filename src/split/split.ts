import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  type Batch,
  type BatchOf,
  type CollateOption,
  DataLoader,
  DataLoaderConfig,
  type DataLoaderOptions,
  type LoadedBatch,
} from "../data/dataloader/index.ts";
import { type DatasetLike, datasetFromDict } from "../data/datasets/index.ts";
import type { Item, Sample } from "../data/structures/index.ts";
import {
  checkKeys,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  readAs,
  show,
  type ToDict,
} from "../utils/config.ts";
import { CannotReadFieldError, ConfigError } from "../utils/exceptions.ts";
import { refuseUnknown } from "../utils/options.ts";

/** The options of a `DataLoader`. */
export type LoaderOptions = DataLoaderOptions & CollateOption<LoadedBatch>;

/** What the loaders of a split give: the batches of its dataset, or one batch of tuples that were merged (`collateFn`). */
export type SplitBatch<T extends Item> = BatchOf<T> | Batch<Sample>;

export interface SplitOptions<T extends Item = Item> {
  /** The number of the split, from 0. */
  readonly index: number;
  readonly trainDataset: DatasetLike<T>;
  readonly valDataset: DatasetLike<T>;
  /** The folder that says who is in which set, if there is one. */
  readonly splitDir?: string | null;
}

/**
 * The data of one split: what is trained on, what is validated on, and how both are loaded.
 *
 * A loader is built by `buildTrainLoader` or `buildValLoader`, once: `trainLoader` is the same object at each access, so that an
 * epoch set on it stays set.
 * @example
 * ```ts
 * const own = new Split({
 *   index: 0,
 *   trainDataset: dataset.subset("splits/3_fold/split-0/train_baseline.tsv"),
 *   valDataset: dataset.subset("splits/3_fold/split-0/validation_baseline.tsv"),
 * });
 * own.buildTrainLoader({ batchSize: 4, samplingWeights: null });
 * console.log(own.trainLoader.length, own.trainDataset.length + own.valDataset.length); // → 3 16
 * ```
 */
export class Split<T extends Item = Item> implements ToDict {
  readonly index: number;
  readonly trainDataset: DatasetLike<T>;
  readonly valDataset: DatasetLike<T>;
  /** Absolute. */
  readonly splitDir: string | null;
  #trainLoader: DataLoader<T, SplitBatch<T>> | null = null;
  #valLoader: DataLoader<T, SplitBatch<T>> | null = null;

  /** @throws ConfigError for an index below 0, a folder that is not there, and an option that is misspelt. */
  constructor({ index, trainDataset, valDataset, splitDir = null, ...unknown }: SplitOptions<T>) {
    refuseUnknown("Split", unknown);
    if (!Number.isInteger(index) || index < 0)
      throw new ConfigError(`Split: 'index' got ${index}. Give an integer from 0.`);
    if (splitDir !== null && !existsSync(splitDir)) {
      throw new ConfigError(`Split: 'splitDir' got '${splitDir}', which does not exist.`);
    }
    this.index = index;
    this.trainDataset = trainDataset;
    this.valDataset = valDataset;
    this.splitDir = splitDir === null ? null : resolve(splitDir);
  }

  /** Builds the training loader, in place of an earlier one. Options of `DataLoader`; `shuffle` is true unless asked otherwise. */
  buildTrainLoader<B extends SplitBatch<T> = BatchOf<T>>(
    options: DataLoaderOptions & CollateOption<B> = {},
  ): DataLoader<T, B> {
    const loader = new DataLoader<T, B>(this.trainDataset, { shuffle: true, ...options });
    this.#trainLoader = loader;
    return loader;
  }

  /** Builds the validation loader, in place of an earlier one. Options of `DataLoader`; `shuffle` is false unless asked otherwise. */
  buildValLoader<B extends SplitBatch<T> = BatchOf<T>>(
    options: DataLoaderOptions & CollateOption<B> = {},
  ): DataLoader<T, B> {
    const loader = new DataLoader<T, B>(this.valDataset, { shuffle: false, ...options });
    this.#valLoader = loader;
    return loader;
  }

  /** The training loader. @throws ConfigError before `buildTrainLoader`. */
  get trainLoader(): DataLoader<T, SplitBatch<T>> {
    if (this.#trainLoader === null) {
      throw new ConfigError(
        `Split ${this.index} has no training loader. Call split.buildTrainLoader({ batchSize: … }) first.`,
      );
    }
    return this.#trainLoader;
  }

  /** The validation loader. @throws ConfigError before `buildValLoader`. */
  get valLoader(): DataLoader<T, SplitBatch<T>> {
    if (this.#valLoader === null) {
      throw new ConfigError(
        `Split ${this.index} has no validation loader. Call split.buildValLoader({ batchSize: … }) first.`,
      );
    }
    return this.#valLoader;
  }

  toDict(): JsonObject {
    return {
      name_: "Split",
      index: this.index,
      split_dir: this.splitDir,
      train_dataset: this.trainDataset.toDict(),
      val_dataset: this.valDataset.toDict(),
      train_loader_config: this.#trainLoader?.toDict() ?? null,
      val_loader_config: this.#valLoader?.toDict() ?? null,
    };
  }

  /**
   * Reads what `toDict`, or ClinicaDL in Python, wrote; the loaders are built where it has their options.
   *
   * @throws CannotReadFieldError for a value that cannot be read, and for a dataset that is not known here or has moved.
   * @example
   * ```ts
   * const again = Split.fromDict(split.toDict());
   * console.log(again.index, again.trainLoader.batchSize); // → 0 4
   * ```
   */
  static fromDict(dict: JsonObject): Split {
    checkKeys("Split", dict, KEYS);
    const { index, split_dir: splitDir } = dict;
    if (typeof index !== "number") throw cannotRead("index", index);
    if (splitDir !== null && typeof splitDir !== "string") throw cannotRead("split_dir", splitDir);
    const [trainDataset, valDataset] = [datasetAt(dict, "train_dataset"), datasetAt(dict, "val_dataset")];
    const split = readAs(() => new Split({ index, trainDataset, valDataset, splitDir }));
    const [train, val] = [loaderAt(dict, "train_loader_config"), loaderAt(dict, "val_loader_config")];
    if (train !== null) split.buildTrainLoader(train);
    if (val !== null) split.buildValLoader(val);
    return split;
  }
}

const KEYS = ["index", "split_dir", "train_dataset", "val_dataset", "train_loader_config", "val_loader_config"];

function cannotRead(field: string, value: JsonValue | undefined): CannotReadFieldError {
  return new CannotReadFieldError(`Split: '${field}' is ${show(value)}.`, [field]);
}

function datasetAt(dict: JsonObject, field: string): DatasetLike {
  const { [field]: value } = dict;
  if (!isJsonObject(value)) throw cannotRead(field, value);
  return datasetFromDict(value);
}

function loaderAt(dict: JsonObject, field: string): LoaderOptions | null {
  const { [field]: value } = dict;
  if (value === null) return null;
  if (!isJsonObject(value)) throw cannotRead(field, value);
  return DataLoaderConfig.fromDict(value).fields();
}
