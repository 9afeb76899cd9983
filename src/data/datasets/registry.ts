import { type JsonObject, show } from "../../utils/config.ts";
import { CannotReadFieldError, ConfigError } from "../../utils/exceptions.ts";
import { BidsDataset } from "./bids-dataset.ts";
import type { Dataset } from "./dataset.ts";

/** The datasets, by their `name_`, to read them from JSON. */
export const DATASETS: Readonly<Record<string, { fromDict(dict: JsonObject): Dataset }>> = { BidsDataset };

/** The dataset that `toDict` described. @throws CannotReadFieldError for one that is not known here. */
export function datasetFromDict(dict: JsonObject): Dataset {
  const { name_ } = dict;
  const found = typeof name_ === "string" && Object.hasOwn(DATASETS, name_) ? DATASETS[name_] : undefined;
  if (found === undefined) {
    throw new CannotReadFieldError(
      `A dataset has the name_ ${show(dict.name_)}; known are ${Object.keys(DATASETS).join(", ")}.`,
      ["name_"],
    );
  }
  return found.fromDict(dict);
}

/** In a worker thread, the dataset that `toWorker` described. */
export function datasetFromWorker(payload: unknown): Dataset {
  const name = typeof payload === "object" && payload !== null && "dataset" in payload ? payload.dataset : undefined;
  if (name === "BidsDataset") return BidsDataset.fromWorker(payload as ReturnType<BidsDataset["toWorker"]>);
  throw new ConfigError(`A dataset of the kind ${show(name)} cannot be built in a worker thread. Use numWorkers: 0.`);
}
