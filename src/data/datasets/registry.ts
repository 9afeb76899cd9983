import type { JsonObject } from "../../utils/config.ts";
import { show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { importExport } from "../../utils/module-export.ts";
import { type Registrable, Registry } from "../../utils/registry.ts";
import * as list from "./all.ts";
import type { DatasetLike } from "./dataset-like.ts";
import type { PortableDataset } from "./portable.ts";

/** The datasets by their `name_`. */
export const datasetRegistry = new Registry<DatasetLike>(
  "dataset",
  (value): value is DatasetLike => "get" in value && typeof value.get === "function" && "df" in value,
  list,
);
const builtIn: ReadonlySet<string> = new Set(datasetRegistry.names);

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

/** Whether a program that does not know the class of a dataset can read it from a MAPS, as `npx clinicadl` would. */
export function isKnownEverywhere(dataset: DatasetLike): boolean {
  const { name_ } = dataset.toDict();
  return typeof name_ === "string" && builtIn.has(name_);
}

/** The dataset that `toDict` described. @throws CannotReadFieldError for one that is not known here. */
export function datasetFromDict(dict: JsonObject): DatasetLike {
  return datasetRegistry.read("A dataset", "dataset", dict);
}

/** In a worker thread, the dataset that `toWorker` described. @throws ConfigError when its class cannot build it. */
export async function datasetFromWorker({ source, content }: PortableDataset): Promise<DatasetLike> {
  const Class = "name_" in source ? datasetRegistry.get(source.name_) : await importExport(source);
  const name = "name_" in source ? source.name_ : source.export;
  if (!buildsInWorker(Class)) {
    throw new ConfigError(`The dataset '${name}' cannot be built in a worker thread: it is ${show(Class)}.`);
  }
  const made: unknown = await Class.fromWorker(content, datasetFromWorker);
  if (typeof made === "object" && made !== null && datasetRegistry.has(made)) return made;
  throw new ConfigError(`${name}.fromWorker gave ${show(made)}. A dataset is needed.`);
}

/** A class that makes a dataset of what its `toWorker` gave; `read` builds the datasets that are part of it. */
interface WorkerClass {
  fromWorker(content: unknown, read: (dataset: PortableDataset) => Promise<DatasetLike>): unknown;
}

function buildsInWorker(value: unknown): value is WorkerClass {
  return typeof value === "function" && "fromWorker" in value && typeof value.fromWorker === "function";
}
