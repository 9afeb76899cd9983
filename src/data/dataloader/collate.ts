import { ConfigError } from "../../utils/exceptions.ts";
import type { DatasetLike } from "../datasets/index.ts";
import { type Item, Sample, samplesOf } from "../structures/index.ts";
import { Batch } from "./batch.ts";
import type { BatchOf, BatchType } from "./batch-type.ts";

/** Loads the items of one batch on this thread, and stacks their images. On an error, or when `cancelled` says so, nothing stays. */
export async function loadBatch<T extends Item>(
  dataset: DatasetLike<T>,
  indices: readonly number[],
  cancelled: () => boolean = () => false,
): Promise<BatchOf<T> | null> {
  const items: T[] = [];
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
    return collate(items);
  } catch (error) {
    drop();
    throw error;
  }
}

/** The batch of some items: of tuples and named samples, each member has a batch of its own. */
export function collate<T extends Item>(items: readonly T[]): BatchOf<T>;
export function collate(items: readonly Item[]): BatchType {
  const [first] = items;
  if (first === undefined || first instanceof Sample) return stacked(items.filter((item) => item instanceof Sample));
  const members = Object.keys(first).map((key) => [key, stacked(items.map((item) => memberOf(item, key)))] as const);
  return Array.isArray(first) ? members.map(([, batch]) => batch) : Object.fromEntries(members);
}

function stacked(samples: readonly Sample[]): Batch<Sample> {
  return new Batch(samples).stackImages();
}

function memberOf(item: Item, key: string): Sample {
  const member: unknown = item instanceof Sample ? undefined : Reflect.get(item, key);
  if (member instanceof Sample) return member;
  throw new ConfigError(`The dataset gave items of different kinds: one of them has no sample '${key}'.`);
}
