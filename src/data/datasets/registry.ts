import { type Registrable, Registry } from "../../utils/registry.ts";
import type { DatasetLike } from "./dataset-like.ts";

/**
 * The datasets by their `name_`. Those of this package are entered by `catalogue.ts`: datasets that are made of others read them
 * by this registry.
 */
export const datasetRegistry = new Registry<DatasetLike>(
  "dataset",
  (value): value is DatasetLike => "get" in value && typeof value.get === "function" && "df" in value,
  {},
);

/**
 * Makes a dataset class of one's own known by its name, so that a MAPS with it can be read.
 *
 * @throws ConfigError when another dataset has that name.
 * @example
 * ```ts
 * class Volumes extends Dataset {
 *   get length() { return 2; }
 *   row(index: number) { return { participantId: `sub-${index}` }; }
 *   load() { return torch.zeros([1, 4, 4, 4]); }
 * }
 * registerDataset(Volumes);
 * console.log(datasetFromDict(new Volumes().toDict()) instanceof Volumes); // → true
 * ```
 */
export function registerDataset(Class: Registrable<DatasetLike>): void {
  datasetRegistry.register(Class);
}
