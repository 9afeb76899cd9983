import { existsSync } from "node:fs";
import { type Batch, checkOpenFiles, type DataLoader } from "../../data/dataloader/index.ts";
import type { Dataset } from "../../data/datasets/index.ts";
import { readJson } from "../../io/files/index.ts";
import { checkColumnName, type DataDir, type Maps } from "../../io/maps/index.ts";
import { type Row, readTsv } from "../../io/tsv/index.ts";
import type { Model } from "../../models/index.ts";
import type { Split } from "../../split/index.ts";
import { type JsonValue, show } from "../../utils/config.ts";
import {
  ClinicaDLException,
  ConfigError,
  DataFrameError,
  DataLeakageError,
  NotInterpretableJsonError,
} from "../../utils/exceptions.ts";
import { Callback } from "../callback.ts";
import { describeData } from "../../callbacks/config-saver.ts";
import type { BatchLike, EventArgs } from "../events.ts";
import { checkEachSampleOnce, checkHasStep } from "./loader.ts";
import { log } from "../log.ts";
import { BATCH_COLUMNS } from "../../callbacks/training-loss.ts";

/**
 * Checks data and batches. What must hold before anything is written is in `checkLosses`, `checkSplit` and the like; that
 * `forwardStep` gives the losses that the model announces is checked where they are named (src/models/losses.ts).
 */
export class ChecksCallback extends Callback {
  #batchChecked = false;

  override onTrainStart({ maps, split }: EventArgs<"onTrainStart">): void {
    this.#batchChecked = false;
    // splits of one experiment should differ in their participants only
    for (const other of maps.training.splitsList.filter((i) => i !== split.index)) {
      const { data } = maps.training;
      compare(`training data of split ${split.index}`, split.trainDataset, split.trainLoader, data.train(other), false);
      compare(`validation data of split ${split.index}`, split.valDataset, null, data.validation(other), false);
    }
  }
  override onResume({ maps, split }: EventArgs<"onResume">): void {
    this.#batchChecked = false;
    const { data } = maps.training;
    compare("training data", split.trainDataset, split.trainLoader, data.train(split.index), true);
    compare("validation data", split.valDataset, null, data.validation(split.index), true);
  }
  override onValidateStart({ maps, state, dataloader }: EventArgs<"onValidateStart">): void {
    this.#batchChecked = false;
    const dir = maps.training.data.validation(state.splitIdx ?? 0);
    compare("validation data", dataloader.dataset, null, dir, true);
  }
  override onTestStart({ maps, dataloader, groupName }: EventArgs<"onTestStart">): void {
    this.#batchChecked = false;
    compare(`test data of group '${groupName}'`, dataloader.dataset, null, maps.test.group(groupName), true);
  }
  override onPredictStart({ maps, dataloader, modelCheckpoint, groupName }: EventArgs<"onPredictStart">): void {
    this.#batchChecked = false;
    const { dataset } = dataloader;
    compare(`data of group '${groupName}'`, dataset, null, maps.prediction.group(groupName), true);
    const { splitIdx } = maps.training.readCheckpointName(modelCheckpoint);
    const { dataTsv } = maps.training.data.train(splitIdx);
    const seen = existsSync(dataTsv) ? commonParticipants(readTsv(dataTsv), dataset.df) : [];
    if (seen.length === 0) return;
    const all = new Set(dataset.df.map((row) => row.participant_id)).size;
    log.warning(
      `The model was trained on ${seen.length} of the ${all} participants of group '${groupName}' (${dataTsv}). Its predictions for them say nothing about how good it is for others.`,
    );
  }

  override onBatchStart({ batch }: EventArgs<"onBatchStart">): void {
    if (this.#batchChecked) return;
    checkBatch(batch);
    this.#batchChecked = true;
  }
}

/** What must hold of a model before a training is begun. */
export function checkLosses(model: Model): void {
  const losses: unknown = model.getLossFunctions();
  const names = typeof losses === "object" && losses !== null ? Object.keys(losses) : [];
  if (names.length === 0) {
    throw new ConfigError(
      `${model.constructor.name}.getLossFunctions gives ${show(losses)}. Expected an object with at least one loss.`,
    );
  }
  for (const name of names) checkColumnName(`A loss of ${model.constructor.name}`, name);
  const taken = names.find((name) => BATCH_COLUMNS.includes(name));
  if (taken === undefined) return;
  throw new ConfigError(
    `${model.constructor.name}.getLossFunctions names a loss '${taken}', which is a column of training_loss.tsv. Choose another name.`,
  );
}

/** What must hold before a training is begun or goes on, and before anything is written. */
export function checkSplit(split: Split): void {
  const { trainLoader, valLoader } = split; // throws unless they were built
  checkTable(split.trainDataset, "training data");
  checkTable(split.valDataset, "validation data");
  checkWorkers(trainLoader, valLoader);
  checkHasStep(trainLoader);
  checkEachSampleOnce("train, for its validation", valLoader);
  const common = commonParticipants(split.trainDataset.df, split.valDataset.df);
  if (common.length > 0) {
    throw new DataLeakageError(
      `Split ${split.index}: ${listed(common)} in both the training and the validation data. Keep all sessions of a participant on one side.`,
    );
  }
}

/** Worker threads of the validation that cannot be started are found before the first epoch, not after it. */
function checkWorkers(...loaders: readonly DataLoader[]): void {
  const kept = loaders.filter(({ config }) => config.persistentWorkers);
  const atOnce = loaders.map((loader) => new Set([...kept, loader]));
  const counts = atOnce.map((all) => [...all].reduce((sum, { workersToStart }) => sum + workersToStart, 0));
  checkOpenFiles(Math.max(...counts));
}

/** What must hold before a training is resumed with these data. */
export function checkResumedSplit(maps: Maps, split: Split): void {
  checkSplit(split);
  checkSamePairs("training data", split.trainDataset, maps.training.data.train(split.index));
  checkSamePairs("validation data", split.valDataset, maps.training.data.validation(split.index));
}

/** What must hold before a validation of saved models: its participants are those that were recorded, and each sample comes once. */
export function checkValidation(maps: Maps, dataloader: DataLoader, splitIdx: number): void {
  checkTable(dataloader.dataset, "validation data");
  checkEachSampleOnce("validate", dataloader);
  checkSamePairs("validation data", dataloader.dataset, maps.training.data.validation(splitIdx));
}

/** What must hold before a test: its participants were not trained on, and a known group has the same data. */
export function checkTest(maps: Maps, dataloader: DataLoader, groupName: string): void {
  checkTable(dataloader.dataset, "test data");
  checkEachSampleOnce("test", dataloader);
  const { dataTsv } = maps.training.data;
  const common = existsSync(dataTsv) ? commonParticipants(readTsv(dataTsv), dataloader.dataset.df) : [];
  if (common.length > 0) {
    throw new DataLeakageError(
      `Test group '${groupName}': ${listed(common)} in the training or validation data (${dataTsv}). Test on other participants.`,
    );
  }
  checkSamePairs(`test data of group '${groupName}'`, dataloader.dataset, maps.test.group(groupName));
}

/** What must hold before a prediction: each sample comes once, and a known group has the same data. */
export function checkPrediction(maps: Maps, dataloader: DataLoader, groupName: string): void {
  checkTable(dataloader.dataset, "prediction data");
  checkSamePairs(`data of group '${groupName}'`, dataloader.dataset, maps.prediction.group(groupName));
  checkEachSampleOnce("predict", dataloader);
}

function checkTable(dataset: Dataset, what: string): void {
  for (const column of ["participant_id", "session_id"]) {
    const without = dataset.df.findIndex((row) => row[column] === undefined || row[column] === null);
    if (without >= 0) throw new DataFrameError(`The table of the ${what} has no '${column}' in row ${without}.`);
  }
  if (dataset.length === 0) throw new DataFrameError(`The ${what} are empty.`);
}

function commonParticipants(a: readonly Row[], b: readonly Row[]): string[] {
  const seen = new Set(a.map((row) => String(row.participant_id)));
  return [...new Set(b.map((row) => String(row.participant_id)))].filter((id) => seen.has(id)).sort();
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(", ");
  const more = names.length > 10 ? ` and ${names.length - 10} more` : "";
  return `${shown}${more} ${names.length === 1 ? "is" : "are"}`;
}

function pairs(rows: readonly Row[]): Set<string> {
  return new Set(rows.map((row) => `${row.participant_id} ${row.session_id}`));
}

/** The same participants and sessions as were written down, if they were. */
function checkSamePairs(what: string, dataset: Dataset, dir: DataDir): void {
  if (!existsSync(dir.dataTsv)) return;
  const different = [...pairs(dataset.df).symmetricDifference(pairs(readTsv(dir.dataTsv)))].sort();
  if (different.length === 0) return;
  throw new ClinicaDLException(
    `The ${what} are not those of ${dir.dataTsv}: ${different.slice(0, 10).join("; ")}${different.length > 10 ? "; …" : ""} in one only. Pass the same participants and sessions.`,
  );
}

/** What results depend on; not how many workers load. */
const LOADER_KEYS: readonly string[] = ["batch_size", "sampling_weights", "shuffle", "drop_last", "collate_fn"];

/** Warns where data, or how they are loaded, are not described as they were. */
function compare(what: string, dataset: Dataset, loader: DataLoader | null, dir: DataDir, sameData: boolean): void {
  const now = describeData(dataset, loader);
  const dataKeys = (key: string) => sameData || key !== "data";
  compareWith(dir.datasetJson, `The dataset of the ${what}`, now.dataset, dataKeys);
  if (loader === null) return;
  compareWith(dir.dataloaderJson, `The dataloader of the ${what}`, now.dataloader, (key) => LOADER_KEYS.includes(key));
}

function compareWith(path: string, what: string, now: JsonValue, counts: (key: string) => boolean): void {
  if (!existsSync(path)) return;
  const before = readDescription(path);
  if (!isRecord(before) || !isRecord(now)) {
    log.warning(`${what} cannot be compared to ${path}, where a class of one's own is described by its name only.`);
    return;
  }
  const different = Object.keys(now).filter(
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

function isRecord(value: JsonValue): value is Record<string, JsonValue> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkBatch(batch: BatchLike): void {
  const parts = isBatch(batch) ? [batch] : Object.values(batch as Readonly<Record<string, Batch>>);
  if (parts.length > 0 && parts.every(isBatch)) return;
  throw new ConfigError(`The loader gave ${show(batch)}. Expected a Batch, or several in an array or an object.`);
}

function isBatch(value: unknown): value is Batch {
  return typeof value === "object" && value !== null && "getField" in value;
}
