import type { Cell, ParticipantRow } from "../../io/tsv/index.ts";
import { type JsonObject, parseWith } from "../../utils/config.ts";
import type { Sample } from "../structures/index.ts";
import {
  Collection,
  DATASET_ID,
  joinedRows,
  membersFromDict,
  membersFromOptions,
  membersFromWorker,
  partsOfMembers,
} from "./collection.ts";
import { type DatasetLike, type RowSelection, type SubsetOptions, subsetOptions } from "./dataset-like.ts";
import type { PortableDataset } from "./portable.ts";
import { selectPairs } from "./select-pairs.ts";
import { checkSamples, SPATIAL_CHECKS, type SpatialCheckOption } from "./spatial-checks.ts";

/**
 * Datasets one after the other, such as images of several BIDS datasets. The rows have a column more, `dataset_id`, and null in
 * columns that their dataset does not have.
 * @example
 * ```ts
 * const [adni, oasis] = [dataset, dataset];
 * const both = new ConcatDataset([adni, oasis]);
 * console.log(both.length, both.getSampleInfo(20, "dataset_id")); // → 32 1
 * ```
 */
export class ConcatDataset extends Collection<Sample> {
  static readonly name_ = "ConcatDataset";
  override readonly name_ = ConcatDataset.name_;
  readonly #df: readonly ParticipantRow[];

  /** @throws ConfigError when there is none, or one has a column `dataset_id`. */
  constructor(datasets: readonly DatasetLike<Sample>[]) {
    super(datasets, 1);
    this.#df = joinedRows(ConcatDataset.name_, this.datasets);
  }

  override get df(): readonly ParticipantRow[] {
    return this.#df;
  }
  override get length(): number {
    return this.datasets.reduce((sum, dataset) => sum + dataset.length, 0);
  }
  override async get(index: number, copy = 0, drawn?: number): Promise<Sample> {
    const { dataset, inDataset } = this.#locate(index);
    return dataset.get(inDataset, copy, drawn);
  }
  /** @throws DataFrameError when the dataset of the sample has no such column. */
  override getSampleInfo(index: number, column: string): Cell {
    const { dataset, number, inDataset } = this.#locate(index);
    return column === DATASET_ID ? number : dataset.getSampleInfo(inDataset, column);
  }
  /** The pairs of each dataset in the order asked for; a dataset that has none of them is left out. */
  override subset(selection: RowSelection, options: SubsetOptions = {}): ConcatDataset {
    const { missing } = parseWith(subsetOptions, options, "subset");
    const parts = partsOfMembers(this.datasets, selectPairs(selection, this.df, missing));
    return this.passOn(new ConcatDataset(parts.filter((part) => part !== null)));
  }

  /** As of a `BidsDataset`, of the samples of all datasets: those of one are compared with those of the others, too. */
  async sanityCheck(checks: SpatialCheckOption = SPATIAL_CHECKS): Promise<void> {
    await checkSamples(this, checks);
  }

  #locate(index: number): { dataset: DatasetLike<Sample>; number: number; inDataset: number } {
    let inDataset = index;
    if (Number.isInteger(index) && index >= 0) {
      for (const [number, dataset] of this.datasets.entries()) {
        if (inDataset < dataset.length) return { dataset, number, inDataset };
        inDataset -= dataset.length;
      }
    }
    throw new RangeError(`The dataset has ${this.length} samples, numbered from 0; there is no number ${index}.`);
  }

  /** Reads what `toDict`, or ClinicaDL in Python, wrote. */
  static fromDict(dict: JsonObject): ConcatDataset {
    return new ConcatDataset(membersFromDict(ConcatDataset.name_, dict));
  }
  /** A dataset with options of which the types are not known: `{ datasets }`. */
  static fromOptions(options: unknown): ConcatDataset {
    return new ConcatDataset(membersFromOptions(ConcatDataset.name_, options).datasets);
  }
  static async fromWorker(
    content: unknown,
    read: (dataset: PortableDataset) => Promise<DatasetLike>,
  ): Promise<ConcatDataset> {
    return new ConcatDataset((await membersFromWorker(ConcatDataset.name_, content, read)).datasets);
  }
}
