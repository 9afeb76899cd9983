import type { BatchLike } from "../callbacks/index.ts";
import { Batch } from "../data/dataloader/index.ts";
import { type Losses, type Model, type ModelBatch, namedLosses } from "../models/index.ts";
import { Tensor } from "../torch/index.ts";

/**
 * The batches in groups of `size`, whose gradients make one step; the last group may be shorter. A group is loaded
 * before it is given, because the weight of each batch depends on how many samples the whole has.
 */
export async function* windows(batches: AsyncIterable<BatchLike>, size: number): AsyncGenerator<BatchLike[], void> {
  let window: BatchLike[] = [];
  try {
    for await (const batch of batches) {
      window.push(batch);
      if (window.length < size) continue;
      const full = window;
      window = [];
      yield full;
    }
    if (window.length > 0) {
      const last = window;
      window = [];
      yield last;
    }
  } finally {
    for (const batch of window) disposeBatch(batch);
  }
}

function isBatch(batch: BatchLike): batch is Batch {
  return "getField" in batch;
}

/** The batches of which this one consists. */
export function partsOf(batch: BatchLike): readonly Batch[] {
  return isBatch(batch) ? [batch] : Object.values(batch as Readonly<Record<string, Batch>>);
}

/** A model that takes several batches at a time knows what it gets. */
export function asModelBatch(batch: BatchLike): ModelBatch {
  return batch as unknown as ModelBatch;
}

/** What each batch counts for in its window, of 1: by its samples (of the first part), unless the model says otherwise. */
export function sharesOf(window: readonly BatchLike[], model: Model): number[] {
  if (window.length === 1) return [1];
  const weights = window.map((batch) => model.lossWeight(asModelBatch(batch)) ?? partsOf(batch)[0]?.length ?? 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** `sub-001 ses-M000, …`. */
export function participantsIn(batch: BatchLike): string {
  const [first] = partsOf(batch);
  return (first?.participants ?? []).map((p) => `${p.participantId} ${p.sessionId}`).join(", ");
}

export function disposeBatch(batch: BatchLike): void {
  for (const part of partsOf(batch)) part.dispose();
}

/** Of a batch of the model's own; or of the one it got, a second time, which does no harm. */
export function disposeOutput(output: unknown): void {
  if (output instanceof Batch) output.dispose();
}

/**
 * Losses such that the sum of their gradients over the window is the gradient of the window as one batch: a mean over a
 * batch counts by its share of the window; a sum counts as it is.
 */
export function weightedLosses(loss: Losses, model: Model, share: number): Losses {
  if (share === 1) return loss;
  const functions = model.getLossFunctions();
  const weighted = Object.entries(namedLosses(loss, model)).map(
    ([name, value]) => [name, functions[name]?.reduction === "sum" ? value : value.mul(share)] as const,
  );
  const [first] = weighted;
  return loss instanceof Tensor && first !== undefined ? first[1] : Object.fromEntries(weighted);
}
