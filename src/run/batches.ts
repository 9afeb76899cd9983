import { Batch } from "../data/dataloader/index.ts";
import type { ModelBatch } from "../models/index.ts";
import type { ComputationalConfig } from "./computational.ts";
import type { BatchLike } from "./events.ts";

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

/** `sub-001 ses-M000, …`. */
export function participantsIn(batch: BatchLike): string {
  const [first] = partsOf(batch);
  return (first?.participants ?? []).map((p) => `${p.participantId} ${p.sessionId}`).join(", ");
}

export function disposeBatch(batch: BatchLike): void {
  for (const part of partsOf(batch)) part.dispose();
}

/**
 * Disposes of what a step of a model returned, if it is a batch: one that the model made, or the one that the step got. The
 * latter was disposed of already; to do it a second time does no harm.
 */
export function disposeOutput(output: unknown): void {
  if (output instanceof Batch) output.dispose();
}

/** Moves all that a batch holds to the device of the run. */
export function toDevice(batch: BatchLike, { device, nonBlocking }: ComputationalConfig): void {
  for (const part of partsOf(batch)) part.to({ device, nonBlocking });
}
