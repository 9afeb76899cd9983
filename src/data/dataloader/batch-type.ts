import type { Item, Sample } from "../structures/index.ts";
import { Batch } from "./batch.ts";

/** What a loader gives: a batch; or, where the items of its dataset are tuples or have names, a batch for each member. */
export type BatchType = Batch | readonly Batch[] | Readonly<Record<string, Batch>>;

/** The batch of items of one kind: of samples a `Batch`, of pairs a pair of them, of named samples named ones. */
export type BatchOf<T extends Item> = T extends Sample
  ? Batch<T>
  : { readonly [K in keyof T]: T[K] extends Sample ? Batch<T[K]> : never };

/** What a loader gives of a dataset of which no more is known. */
export type LoadedBatch = BatchOf<Item>;

/**
 * The batches of which a batch consists: itself, or its members.
 * @example
 * ```ts
 * using batch = batchOf([[0.5], [1.5]], [0, 1]);
 * console.log(partsOf(batch).length, partsOf([batch, batch]).length); // → 1 2
 * ```
 */
export function partsOf(batch: BatchType): readonly Batch[] {
  return batch instanceof Batch ? [batch] : Object.values(batch);
}

/**
 * Whether a value is what a loader gives.
 * @example
 * ```ts
 * using batch = batchOf([[0.5], [1.5]], [0, 1]);
 * console.log(isBatchType(batch), isBatchType([batch, batch]), isBatchType([])); // → true true false
 * ```
 */
export function isBatchType(value: unknown): value is BatchType {
  if (value instanceof Batch) return true;
  if (typeof value !== "object" || value === null) return false;
  const parts: readonly unknown[] = Object.values(value);
  return parts.length > 0 && parts.every((part) => part instanceof Batch);
}

/**
 * Gives back the memory of a batch, or of all its members.
 * @example
 * ```ts
 * const loader = new DataLoader(new PairedDataset([dataset, dataset]), { batchSize: 16 });
 * for await (const batch of loader) disposeBatch(batch);
 * ```
 */
export function disposeBatch(batch: BatchType): void {
  for (const part of partsOf(batch)) part.dispose();
}

/**
 * Whose samples they are: `sub-001 ses-M000, …`. Members of a tuple have the same.
 * @example
 * ```ts
 * using batch = batchOf([[0.5], [1.5]], [0, 1]);
 * console.log(participantsIn(batch)); // → sub-0 ses-M000, sub-1 ses-M000
 * ```
 */
export function participantsIn(batch: BatchType): string {
  const [first] = partsOf(batch);
  return (first?.participants ?? []).map((p) => `${p.participantId} ${p.sessionId}`).join(", ");
}
