import type { Dataset } from "../datasets/index.ts";
import type { Sample } from "../structures/index.ts";
import { Batch } from "./batch.ts";

/** Loads the samples of one batch on this thread, and stacks their images. On an error, or when `cancelled` says so, nothing stays. */
export async function loadBatch(
  dataset: Dataset,
  indices: readonly number[],
  cancelled: () => boolean = () => false,
): Promise<Batch<Sample> | null> {
  const samples: Sample[] = [];
  try {
    for (const index of indices) {
      if (cancelled()) {
        for (const sample of samples) sample.dispose();
        return null;
      }
      samples.push(await dataset.get(index));
    }
    return new Batch(samples).stackImages();
  } catch (error) {
    for (const sample of samples) sample.dispose();
    throw error;
  }
}
