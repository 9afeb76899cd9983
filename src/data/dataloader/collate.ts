import { ConfigError } from "../../utils/exceptions.ts";
import { Rng } from "../../utils/random/index.ts";
import type { DatasetLike } from "../datasets/index.ts";
import { type Item, Sample, samplesOf } from "../structures/index.ts";
import { Batch } from "./batch.ts";
import type { BatchTransform } from "./batch-transforms/registry.ts";
import { type BatchType, disposeBatch, type LoadedBatch } from "./batch-type.ts";
import { type CollateFn, MergeBatchesCollate, ToBatchCollate, ToBatchesCollate } from "./collate-fns.ts";
import { mergeSamples } from "./merge.ts";

/** Which batch is loaded. */
export interface BatchItems {
  /** The numbers of its items in the dataset. */
  readonly indices: readonly number[];
  /** Its number in the epoch, which no batch of another process has. */
  readonly number: number;
}

/** How a batch is made of its items. */
export interface BatchMaking {
  readonly collateFn: CollateFn | null;
  readonly batchTransform: BatchTransform | null;
}

/**
 * Loads the items of one batch on this thread, stacks their images, and changes it, if the dataset is in training. On an error, or when
 * `cancelled` says so, nothing stays.
 */
export function loadBatch<B extends BatchType>(
  dataset: DatasetLike,
  which: BatchItems,
  how: BatchMaking,
  cancelled?: () => boolean,
): Promise<B | null>;
export async function loadBatch(
  dataset: DatasetLike,
  { indices, number }: BatchItems,
  { collateFn, batchTransform }: BatchMaking,
  cancelled: () => boolean = () => false,
): Promise<LoadedBatch | null> {
  const items: Item[] = [];
  const drop = (): void => {
    for (const item of items) for (const sample of samplesOf(item)) sample.dispose();
  };
  try {
    for (const index of indices) {
      if (cancelled()) {
        drop();
        return null;
      }
      items.push(await dataset.get(index));
    }
    const batch = collate(items, collateFn);
    if (batchTransform !== null && !dataset.evalMode) transform(batch, batchTransform, dataset, number);
    return batch;
  } catch (error) {
    drop();
    throw error;
  }
}

/** The last keys of a stream from which batches draw: no sample draws from one with these. */
const OF_BATCHES = [0, 2] as const;

function transform(
  batch: LoadedBatch,
  batchTransform: BatchTransform,
  { seed, epoch }: DatasetLike,
  number: number,
): void {
  try {
    batchTransform.apply(batch, new Rng(seed, epoch, number, ...OF_BATCHES));
  } catch (error) {
    disposeBatch(batch);
    throw error;
  }
}

/** The batch of some items: of tuples and named samples, each member has a batch of its own, unless they are merged. */
export function collate(items: readonly Item[], how: CollateFn | null = null): LoadedBatch {
  const [first] = items;
  const single = first === undefined || first instanceof Sample;
  if (how instanceof MergeBatchesCollate) return merged(items, how);
  if (single ? how instanceof ToBatchesCollate : how instanceof ToBatchCollate) {
    throw new ConfigError(
      `DataLoader: '${how?.name_}' cannot put together what the dataset gives, which are ${single ? "single samples" : "several samples at a time"}. Leave collateFn out.`,
    );
  }
  if (single) return stacked(items.filter((item) => item instanceof Sample));
  const members = Object.keys(first).map((key) => [key, stacked(items.map((item) => memberOf(item, key)))] as const);
  return Array.isArray(first) ? members.map(([, batch]) => batch) : Object.fromEntries(members);
}

/** One sample of each item; those that it was made of are disposed of. */
function merged(items: readonly Item[], { ignore }: MergeBatchesCollate): Batch<Sample> {
  const samples: Sample[] = [];
  try {
    for (const item of items) {
      if (item instanceof Sample) {
        throw new ConfigError(
          `${item.who}: MergeBatchesCollate merges the samples of tuples, and the dataset gives single samples. Leave collateFn out, or pair datasets: new PairedDataset([…]).`,
        );
      }
      samples.push(mergeSamples(samplesOf(item), ignore ?? []));
    }
  } catch (error) {
    for (const sample of samples) sample.dispose();
    throw error;
  }
  for (const item of items) for (const sample of samplesOf(item)) sample.dispose();
  return stacked(samples);
}

function stacked(samples: readonly Sample[]): Batch<Sample> {
  return new Batch(samples).stackImages();
}

function memberOf(item: Item, key: string): Sample {
  const member: unknown = item instanceof Sample ? undefined : Reflect.get(item, key);
  if (member instanceof Sample) return member;
  throw new ConfigError(`The dataset gave items of different kinds: one of them has no sample '${key}'.`);
}
