import { existsSync } from "node:fs";
import type { DataLoader } from "../../data/dataloader/index.ts";
import type { DatasetLike } from "../../data/datasets/index.ts";
import { readJson } from "../../io/files/index.ts";
import type { DataDir } from "../../io/maps/index.ts";
import { isJsonObject, type JsonValue } from "../../utils/config.ts";
import { NotInterpretableJsonError } from "../../utils/exceptions.ts";
import type { RunLog } from "../log.ts";
import { describeData } from "../records/describe.ts";

/** What results depend on; not how many workers load. */
const LOADER_KEYS: readonly string[] = [
  "batch_size",
  "sampling_weights",
  "shuffle",
  "drop_last",
  "collate_fn",
  "batch_transform",
];

/** Data of now, and where a MAPS describes those that they are compared with. */
export interface ComparedData {
  /** How messages call them. */
  readonly what: string;
  readonly dataset: DatasetLike;
  /** null: how they are loaded is not compared. */
  readonly loader: DataLoader | null;
  readonly dir: DataDir;
  /** Whether the participants are to be the same. Default true. */
  readonly sameData?: boolean;
}

/** Warns where data, or how they are loaded, are not described as they were. */
export function compareData(log: RunLog, { what, dataset, loader, dir, sameData = true }: ComparedData): void {
  const now = describeData(dataset, loader);
  const dataKeys = (key: string) => sameData || key !== "data";
  compareWith(log, dir.datasetJson, `The dataset of the ${what}`, now.dataset, dataKeys);
  if (loader === null) return;
  compareWith(log, dir.dataloaderJson, `The dataloader of the ${what}`, now.dataloader, (key) =>
    LOADER_KEYS.includes(key),
  );
}

function compareWith(log: RunLog, path: string, what: string, now: JsonValue, counts: (key: string) => boolean): void {
  if (!existsSync(path)) return;
  const before = readDescription(path);
  if (!isJsonObject(before) || !isJsonObject(now)) {
    log.warning(`${what} cannot be compared to ${path}, where a class of one's own is described by its name only.`);
    return;
  }
  // what is at its default may not be written
  const different = Object.keys({ ...now, ...before }).filter(
    (key) => counts(key) && JSON.stringify(now[key]) !== JSON.stringify(before[key]),
  );
  if (different.length === 0) return;
  log.warning(
    `${what} differs from ${path} in ${different.map((key) => `'${key}'`).join(", ")}. Results may not be comparable.`,
  );
}

/** A dataset of one's own is described by its name alone, which says nothing. */
function readDescription(path: string): JsonValue {
  try {
    return readJson(path);
  } catch (error) {
    if (error instanceof NotInterpretableJsonError) return null;
    throw error;
  }
}
