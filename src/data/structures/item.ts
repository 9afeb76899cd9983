import { Sample } from "./sample.ts";

/** What a dataset gives for one number: a sample, or several that belong together, as a tuple or by name. */
export type Item = Sample | readonly Sample[] | Readonly<Record<string, Sample>>;

/** The samples of which an item consists. */
export function samplesOf(item: Item): readonly Sample[] {
  return item instanceof Sample ? [item] : Object.values(item);
}
