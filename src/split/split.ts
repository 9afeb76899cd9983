import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { DataLoader } from "../data/dataloader/index.ts";
import type { DatasetLike } from "../data/datasets/index.ts";
import type { Item } from "../data/structures/index.ts";
import type { JsonObject, ToDict } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";

/** The options of a `DataLoader`. */
export type LoaderOptions = NonNullable<ConstructorParameters<typeof DataLoader>[1]>;

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
 */
export class Split<T extends Item = Item> implements ToDict {
  readonly index: number;
  readonly trainDataset: DatasetLike<T>;
  readonly valDataset: DatasetLike<T>;
  /** Absolute. */
  readonly splitDir: string | null;
  #trainLoader: DataLoader<T> | null = null;
  #valLoader: DataLoader<T> | null = null;

  constructor({ index, trainDataset, valDataset, splitDir = null }: SplitOptions<T>) {
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
  buildTrainLoader(options: LoaderOptions = {}): DataLoader<T> {
    this.#trainLoader = new DataLoader(this.trainDataset, { shuffle: true, ...options });
    return this.#trainLoader;
  }

  /** Builds the validation loader, in place of an earlier one. Options of `DataLoader`; `shuffle` is false unless asked otherwise. */
  buildValLoader(options: LoaderOptions = {}): DataLoader<T> {
    this.#valLoader = new DataLoader(this.valDataset, { shuffle: false, ...options });
    return this.#valLoader;
  }

  /** The training loader. @throws ConfigError before `buildTrainLoader`. */
  get trainLoader(): DataLoader<T> {
    if (this.#trainLoader === null) {
      throw new ConfigError(
        `Split ${this.index} has no training loader. Call split.buildTrainLoader({ batchSize: … }) first.`,
      );
    }
    return this.#trainLoader;
  }

  /** The validation loader. @throws ConfigError before `buildValLoader`. */
  get valLoader(): DataLoader<T> {
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
}
