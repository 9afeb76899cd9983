import type { Cell, ParticipantRow } from "../../io/tsv/index.ts";
import { type JsonObject, parseWith, show } from "../../utils/config.ts";
import { CannotReadFieldError, ConfigError, DataFrameError } from "../../utils/exceptions.ts";
import { refuseUnknown } from "../../utils/options.ts";
import { RandomState } from "../../utils/random/index.ts";
import type { Sample } from "../structures/index.ts";
import {
  Collection,
  joinedRows,
  membersFromDict,
  membersFromOptions,
  membersFromWorker,
  partsOfMembers,
} from "./collection.ts";
import { type DatasetLike, type RowSelection, type SubsetOptions, subsetOptions } from "./dataset-like.ts";
import type { PortableDataset } from "./portable.ts";
import { selectPairs } from "./select-pairs.ts";

export interface UnpairedOptions {
  /**
   * Datasets of different sizes: true, samples of the smaller ones come several times in an epoch, so that all of the largest come;
   * false, each epoch leaves samples of the larger ones out. Default false.
   */
  readonly oversample?: boolean;
}

/** How far apart the permutations of two datasets are seeded. */
const SEEDS_APART = 1000;

/**
 * Datasets whose participants have nothing to do with each other, such as images of two scanners: an item is a tuple of samples,
 * one of each dataset, put together at random and anew in each epoch (a loader sets it). A loader gives a tuple of batches.
 *
 * Which sample meets which follows from the epoch alone: for dataset i the permutation of NumPy's `RandomState(epoch + 1000 i)`.
 * @example
 * ```ts
 * const [t1w, pet] = [dataset, dataset.subset([["sub-002", "ses-M000"], ["sub-005", "ses-M000"]])];
 * const unpaired = new UnpairedDataset([t1w, pet], { oversample: true });
 * unpaired.setEpoch(3);
 * // sample 7 of t1w meets sample 1 of pet
 * console.log(unpaired.length, unpaired.mapping[0]); // → 16 [ 7, 1 ]
 * ```
 */
export class UnpairedDataset extends Collection<readonly Sample[]> {
  static readonly name_ = "UnpairedDataset";
  override readonly name_ = UnpairedDataset.name_;
  readonly givesTuples = true;
  readonly oversample: boolean;
  readonly #df: readonly ParticipantRow[];
  #mapping: readonly (readonly number[])[] | null = null;
  #copies: readonly (readonly number[])[] | null = null;

  /** @throws ConfigError when there are fewer than two datasets, or one has a column `dataset_id`. */
  constructor(datasets: readonly DatasetLike<Sample>[], options: UnpairedOptions = {}) {
    super(datasets, 2);
    const { oversample = false, ...unknown }: UnpairedOptions & Readonly<Record<string, unknown>> = { ...options };
    if (typeof oversample !== "boolean")
      throw new ConfigError(`UnpairedDataset: 'oversample' got ${show(oversample)}. Give true or false.`);
    refuseUnknown(UnpairedDataset.name_, unknown);
    this.oversample = oversample;
    this.#df = joinedRows(UnpairedDataset.name_, this.datasets);
  }

  /** The rows of all datasets, one after the other, with the number of their dataset as `dataset_id`. */
  override get df(): readonly ParticipantRow[] {
    return this.#df;
  }
  /** As many as the smallest dataset has; with `oversample`, as the largest. */
  override get length(): number {
    const lengths = this.datasets.map((dataset) => dataset.length);
    return this.oversample ? Math.max(...lengths) : Math.min(...lengths);
  }
  /** For each item of this epoch, the number of its sample in each dataset. */
  get mapping(): readonly (readonly number[])[] {
    this.#mapping ??= mapSamples(
      this.datasets.map((dataset) => dataset.length),
      this.epoch,
      this.oversample,
    );
    return this.#mapping;
  }
  /** @throws ConfigError for what is no epoch: another integer than one from 0 on. */
  override setEpoch(epoch: number): void {
    if (!Number.isInteger(epoch) || epoch < 0 || epoch + SEEDS_APART * this.datasets.length >= 2 ** 32)
      throw new ConfigError(`UnpairedDataset: the epoch got ${show(epoch)}. Give an integer of at least 0.`);
    if (epoch !== this.epoch) {
      this.#mapping = null;
      this.#copies = null;
    }
    super.setEpoch(epoch);
  }

  override async get(index: number, copy = 0): Promise<readonly Sample[]> {
    const numbers = this.#numbersOf(index);
    this.#copies ??= copiesIn(this.mapping);
    // what is oversampled comes in other variants each time; of a whole item's copies each has those of its own
    const copies = (this.#copies[index] ?? []).map((own) => own + copy * this.length);
    const samples: Sample[] = [];
    try {
      for (const [i, dataset] of this.datasets.entries())
        samples.push(await dataset.get(numbers[i] ?? -1, copies[i] ?? 0));
      return samples;
    } catch (error) {
      for (const sample of samples) sample.dispose();
      throw error;
    }
  }
  /**
   * What each dataset knows of its sample; null for one that has no such column.
   * @throws DataFrameError when no dataset has it.
   */
  override getSampleInfo(index: number, column: string): readonly Cell[] {
    const numbers = this.#numbersOf(index);
    const has = this.datasets.map((dataset) => dataset.df.some((row) => Object.hasOwn(row, column)));
    if (!has.includes(true)) throw new DataFrameError(`No dataset of the UnpairedDataset has a column '${column}'.`);
    return this.datasets.map((dataset, i) =>
      has[i] === true ? dataset.getSampleInfo(numbers[i] ?? -1, column) : null,
    );
  }
  /**
   * The pairs of each dataset, in the order asked for.
   * @throws ConfigError when a dataset has none of them.
   */
  override subset(selection: RowSelection, options: SubsetOptions = {}): UnpairedDataset {
    const { missing } = parseWith(subsetOptions, options, "subset");
    const parts = partsOfMembers(this.datasets, selectPairs(selection, this.df, missing)).map((part, i) => {
      if (part !== null) return part;
      throw new ConfigError(
        `UnpairedDataset: none of the (participant, session) pairs asked for is in dataset ${i}; each needs one at least.`,
      );
    });
    return this.passOn(new UnpairedDataset(parts, { oversample: this.oversample }));
  }

  #numbersOf(index: number): readonly number[] {
    const numbers = this.mapping[index];
    if (numbers !== undefined) return numbers;
    throw new RangeError(`The dataset has ${this.length} samples, numbered from 0; there is no number ${index}.`);
  }

  protected override ownOptions(): { readonly oversample: boolean } {
    return { oversample: this.oversample };
  }
  /** Reads what `toDict`, or ClinicaDL in Python, wrote. */
  static fromDict(dict: JsonObject): UnpairedDataset {
    const members = membersFromDict(UnpairedDataset.name_, dict, ["oversample"]);
    const { oversample } = dict;
    if (typeof oversample === "boolean") return new UnpairedDataset(members, { oversample });
    throw new CannotReadFieldError(`UnpairedDataset: 'oversample' is ${show(oversample)}; true or false is needed.`, [
      "oversample",
    ]);
  }
  /** A dataset with options of which the types are not known: `{ datasets, oversample }`. */
  static fromOptions(options: unknown): UnpairedDataset {
    const { datasets, ...own } = membersFromOptions(UnpairedDataset.name_, options, true);
    return new UnpairedDataset(datasets, own);
  }
  static async fromWorker(
    content: unknown,
    read: (dataset: PortableDataset) => Promise<DatasetLike>,
  ): Promise<UnpairedDataset> {
    const { datasets, ...own } = await membersFromWorker(UnpairedDataset.name_, content, read);
    return new UnpairedDataset(datasets, own);
  }
}

/** As pandas: `Series(range(n)).reindex(range(longest)).sample(frac=1, random_state=seed).ffill().bfill()`. */
function mapSamples(lengths: readonly number[], epoch: number, oversample: boolean): readonly (readonly number[])[] {
  const count = oversample ? Math.max(...lengths) : Math.min(...lengths);
  const shuffled = lengths.map((length, i) => {
    const order = new RandomState(epoch + SEEDS_APART * i).permutation(oversample ? count : length);
    return filled(order.map((number) => (number < length ? number : null)));
  });
  return Array.from({ length: count }, (_, item) => shuffled.map((order) => order[item] ?? 0));
}

/** For each sample of each item, how often it was there in the items before. */
function copiesIn(mapping: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const seen = (mapping[0] ?? []).map(() => new Map<number, number>());
  return mapping.map((numbers) =>
    numbers.map((number, i) => {
      const before = seen[i]?.get(number) ?? 0;
      seen[i]?.set(number, before + 1);
      return before;
    }),
  );
}

/** Each gap gets what stands before it; those at the beginning, what comes first. */
function filled(order: readonly (number | null)[]): number[] {
  let last = order.find((number) => number !== null) ?? 0;
  return order.map((number) => (last = number ?? last));
}
