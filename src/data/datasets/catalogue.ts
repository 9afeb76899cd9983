/** Enters the list of all.ts into the registry, and reads datasets by it. */
import { type JsonObject, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { importExport } from "../../utils/module-export.ts";
import * as list from "./all.ts";
import type { DatasetLike } from "./dataset-like.ts";
import type { PortableDataset } from "./portable.ts";
import { datasetRegistry } from "./registry.ts";

datasetRegistry.add(list);
const builtIn: ReadonlySet<string> = new Set(datasetRegistry.names);

/**
 * Whether a program that does not know the class of a dataset can read it from a MAPS, as `npx clinicadl` would.
 * @example
 * ```ts
 * class Phantoms extends Dataset {
 *   get length() { return 1; }
 *   row() { return { participantId: "sub-1" }; }
 *   load() { return torch.zeros([1, 4, 4, 4]); }
 * }
 * console.log(isKnownEverywhere(dataset), isKnownEverywhere(new Phantoms())); // → true false
 * ```
 */
export function isKnownEverywhere(dataset: DatasetLike): boolean {
  const described = dataset.toDict();
  const names = [described, ...membersOf(described)].map(({ name_ }) => name_);
  return names.every((name) => typeof name === "string" && builtIn.has(name));
}

/**
 * The dataset that `toDict` described. @throws CannotReadFieldError for one that is not known here.
 * @example
 * ```ts
 * const again = datasetFromDict(dataset.toDict());
 * console.log(again instanceof BidsDataset, again.length); // → true 16
 * ```
 */
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

/** The descriptions of the datasets of which a dataset is made. */
function membersOf({ datasets }: JsonObject): JsonObject[] {
  if (!Array.isArray(datasets)) return [];
  return datasets.flatMap((member) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return [];
    return [member, ...membersOf(member)];
  });
}
