import { existsSync } from "node:fs";
import type { Batch, DataLoader } from "../data/dataloader/index.ts";
import type { Dataset } from "../data/datasets/index.ts";
import { readJson } from "../io/files/index.ts";
import type { DataDir, Maps } from "../io/maps/index.ts";
import { type Row, readTsv } from "../io/tsv/index.ts";
import type { Split } from "../split/index.ts";
import { Tensor } from "../torch/index.ts";
import { type JsonValue, show } from "../utils/config.ts";
import {
  ClinicaDLException,
  ConfigError,
  DataFrameError,
  DataLeakageError,
  NotInterpretableJsonError,
} from "../utils/exceptions.ts";
import { Callback } from "./callback.ts";
import { describeData } from "./config-saver.ts";
import type { BatchLike, EventArgs } from "./events.ts";
import { log } from "./log.ts";

/** Checks of data, batches and losses: those that must hold before anything is written are in `checkSplit`. */
export class ChecksCallback extends Callback {
  #lossNames: readonly string[] = [];
  #lossChecked = false;
  #batchChecked = false;

  override onTrainStart({ model, maps, split }: EventArgs<"onTrainStart">): void {
    this.#start(Object.keys(model.getLossFunctions()));
    // splits of one experiment should differ in their participants only
    for (const other of maps.training.splitsList.filter((i) => i !== split.index)) {
      const { data } = maps.training;
      compare(`training data of split ${split.index}`, split.trainDataset, split.trainLoader, data.train(other), false);
      compare(`validation data of split ${split.index}`, split.valDataset, null, data.validation(other), false);
    }
  }
  override onResume({ model, maps, split }: EventArgs<"onResume">): void {
    this.#start(Object.keys(model.getLossFunctions()));
    const { data } = maps.training;
    compare("training data", split.trainDataset, split.trainLoader, data.train(split.index), true);
    compare("validation data", split.valDataset, null, data.validation(split.index), true);
  }
  override onValidateStart({ maps, state, dataloader }: EventArgs<"onValidateStart">): void {
    this.#batchChecked = false;
    checkTable(dataloader.dataset, "validation data");
    const dir = maps.training.data.validation(state.splitIdx ?? 0);
    checkSamePairs("validation data", dataloader.dataset, dir);
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

  #start(lossNames: readonly string[]): void {
    this.#lossNames = [...lossNames].sort();
    this.#lossChecked = false;
    this.#batchChecked = false;
  }

  override onBatchStart({ batch }: EventArgs<"onBatchStart">): void {
    if (this.#batchChecked) return;
    checkBatch(batch);
    this.#batchChecked = true;
  }
  override onBackwardStepStart({ loss }: EventArgs<"onBackwardStepStart">): void {
    if (this.#lossChecked) return;
    this.#lossChecked = true;
    const expected = this.#lossNames.map((name) => `'${name}'`).join(", ");
    if (loss instanceof Tensor) {
      if (this.#lossNames.length === 1) return;
      throw new ConfigError(`The model's forwardStep gives one loss, but getLossFunctions gives ${expected}.`);
    }
    const names = Object.keys(loss).sort();
    if (!Object.values(loss).every((value) => value instanceof Tensor)) {
      throw new ConfigError(`The model's forwardStep gives ${show(loss)}. Expected a Tensor, or Tensors by name.`);
    }
    if (names.join() !== this.#lossNames.join()) {
      throw new ConfigError(
        `The model's forwardStep gives the losses ${names.join(", ")}, but getLossFunctions ${expected}.`,
      );
    }
  }
}

/** What must hold before a training is begun or goes on, and before anything is written. */
export function checkSplit(split: Split): void {
  void split.trainLoader; // throws unless they were built
  void split.valLoader;
  checkTable(split.trainDataset, "training data");
  checkTable(split.valDataset, "validation data");
  const common = commonParticipants(split.trainDataset.df, split.valDataset.df);
  if (common.length > 0) {
    throw new DataLeakageError(
      `Split ${split.index}: ${listed(common)} in both the training and the validation data. Keep all sessions of a participant on one side.`,
    );
  }
}

/** What must hold before a training is resumed with these data. */
export function checkResumedSplit(maps: Maps, split: Split): void {
  checkSplit(split);
  checkSamePairs("training data", split.trainDataset, maps.training.data.train(split.index));
  checkSamePairs("validation data", split.valDataset, maps.training.data.validation(split.index));
}

/** What must hold before a test: its participants were not trained on, and a known group has the same data. */
export function checkTest(maps: Maps, dataloader: DataLoader, groupName: string): void {
  checkTable(dataloader.dataset, "test data");
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
  const { dataset, batchSize, config } = dataloader;
  checkTable(dataset, "prediction data");
  checkSamePairs(`data of group '${groupName}'`, dataset, maps.prediction.group(groupName));
  if (config.samplingWeights !== null) {
    throw new ConfigError(
      `predict: the loader draws samples by '${config.samplingWeights}', some of them several times, others never. Pass a loader without samplingWeights.`,
    );
  }
  const rest = dataset.length % batchSize;
  if (config.dropLast && rest > 0) {
    throw new ConfigError(
      `predict: the loader drops the last batch, and ${rest} of ${dataset.length} samples with it. Pass a loader with dropLast: false.`,
    );
  }
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

/** Warns where data, or how they are loaded, are not described as they were. */
function compare(what: string, dataset: Dataset, loader: DataLoader | null, dir: DataDir, sameData: boolean): void {
  const now = describeData(dataset, loader);
  const parts = [
    ["dataset", dir.datasetJson, now.dataset],
    ["dataloader", dir.dataloaderJson, loader === null ? null : now.dataloader],
  ] as const;
  for (const [part, path, value] of parts) {
    if (value === null || !existsSync(path)) continue;
    const before = readDescription(path);
    if (!isRecord(before) || !isRecord(value)) continue;
    const different = Object.keys(value).filter(
      (key) => (sameData || key !== "data") && JSON.stringify(value[key]) !== JSON.stringify(before[key]),
    );
    if (different.length === 0) continue;
    log.warning(
      `The ${part} of the ${what} differs from ${path} in ${different.map((key) => `'${key}'`).join(", ")}. Results may not be comparable.`,
    );
  }
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
