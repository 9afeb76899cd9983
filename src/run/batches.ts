import { Batch, type BatchType, partsOf } from "../data/dataloader/index.ts";
import type { ComputationalConfig } from "./computational.ts";

/**
 * Disposes of what a step of a model returned, if it is a batch: one that the model made, or the one that the step got. The
 * latter was disposed of already; to do it a second time does no harm.
 */
export function disposeOutput(output: unknown): void {
  if (output instanceof Batch) output.dispose();
}

/** Moves all that a batch holds to the device of the run. */
export function toDevice(batch: BatchType, { device, nonBlocking }: ComputationalConfig): void {
  for (const part of partsOf(batch)) part.to({ device, nonBlocking });
}
