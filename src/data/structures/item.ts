import { Sample } from "./sample.ts";

/** What a dataset gives for one number: a sample, or several that belong together, as a tuple or by name. */
export type Item = Sample | readonly Sample[] | Readonly<Record<string, Sample>>;

/**
 * The samples of which an item consists.
 * @example
 * ```ts
 * const item = await new PairedDataset([dataset, dataset]).get(0);
 * for (const sample of samplesOf(item)) sample.dispose();
 * console.log(samplesOf(item).length); // → 2
 * ```
 */
export function samplesOf(item: Item): readonly Sample[] {
  return item instanceof Sample ? [item] : Object.values(item);
}
