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
 * ```ts
 * export class Faces extends Dataset { … }
 * registerDataset(Faces);
 * ```
 *
 * @throws ConfigError when another dataset has that name.
 */
export function registerDataset(Class: Registrable<DatasetLike>): void {
  datasetRegistry.register(Class);
}
