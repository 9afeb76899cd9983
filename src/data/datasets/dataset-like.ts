import { z } from "zod";
import type { Cell, Row } from "../../io/tsv/index.ts";
import type { ToDict } from "../../utils/config.ts";
import type { Item, Sample } from "../structures/index.ts";
import type { Missing } from "./missing-pairs.ts";
import type { PortableDataset } from "./portable.ts";

/** What selects rows of a dataset: a TSV, rows with both ids, or (participant, session) pairs. */
export type RowSelection = string | readonly Row[] | readonly (readonly [participantId: string, sessionId: string])[];

export interface SubsetOptions {
  /** Pairs that the dataset lacks are an error that lists them with near spellings (the default), or left out with a warning. */
  readonly missing?: Missing;
}

export const subsetOptions = z.strictObject({ missing: z.enum(["error", "ignore"]).default("error") });

/** What a table says of an item: a value; of a tuple whose samples have nothing to do with each other, one of each. */
export type InfoOf<T extends Item> = T extends Sample ? Cell : Cell | readonly Cell[];

/**
 * What loaders, splits and trainings need of a dataset: items by number, with a table that says whose they are. For a dataset
 * of one's own extend {@link Dataset}, which makes all of this of three members.
 */
export interface DatasetLike<T extends Item = Item> extends ToDict {
  /** One row per image: `participant_id`, `session_id`, and what is known of them. */
  readonly df: readonly Row[];
  /** The number of items. */
  readonly length: number;
  readonly evalMode: boolean;
  readonly epoch: number;
  readonly seed: number;
  /**
   * Item number `index`, which belongs to the caller: dispose its samples.
   * @param copy which of the copies of this item that are in the epoch, where a dataset made of others repeats it: each draws numbers of its own. Default 0.
   * @param drawn the number with which it draws what is random. Default: `index`. Samples of a tuple draw the same where theirs differ.
   * @throws RangeError when there is none.
   */
  get(index: number, copy?: number, drawn?: number): Promise<T>;
  /** Augmentations on. */
  train(): void;
  /** Augmentations off. */
  eval(): void;
  /** What is random in an item follows from (seed, epoch, index, copy) alone. Default 0. */
  setEpoch(epoch: number): void;
  /** Default 0. */
  setSeed(seed: number): void;
  /** The (participant, session) pairs, in the order of the rows. */
  getParticipantSessionCouples(): [participantId: string, sessionId: string][];
  /** The value of a column for the image of an item. */
  getSampleInfo(index: number, column: string): InfoOf<T>;
  /**
   * The same dataset with the given pairs only, in their order.
   * @throws DataFrameError for pairs that it does not have, unless `missing` is "ignore"; and when none is left.
   */
  subset(selection: RowSelection, options?: SubsetOptions): DatasetLike<T>;
  /** Looks whether worker threads can build it again, without reading data. @throws ConfigError naming what cannot travel. */
  checkPortable(): void;
  /** What a worker thread needs to build it again. @throws ConfigError naming what cannot travel. */
  toWorker(): PortableDataset;
}
