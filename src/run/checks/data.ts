import { existsSync } from "node:fs";
import { checkOpenFiles, type DataLoader } from "../../data/dataloader/index.ts";
import type { DatasetLike } from "../../data/datasets/index.ts";
import type { DataDir, Maps } from "../../io/maps/index.ts";
import { type Row, readTsv } from "../../io/tsv/index.ts";
import type { Split } from "../../split/index.ts";
import { ClinicaDLException, DataFrameError, DataLeakageError } from "../../utils/exceptions.ts";
import { checkEachSampleOnce, checkHasStep } from "./loader.ts";

/**
 * What must hold before a training is begun or goes on, and before anything is written.
 * @param processes how many train, or evaluate, together; so in what follows.
 */
export function checkSplit(split: Split, processes: number): void {
  const { trainLoader, valLoader } = split; // throws unless they were built
  checkTable(split.trainDataset, "training data");
  checkTable(split.valDataset, "validation data");
  checkWorkers(trainLoader, valLoader);
  checkHasStep(trainLoader, processes);
  checkEachSampleOnce("train, for its validation", valLoader, processes);
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
export function checkResumedSplit(maps: Maps, split: Split, processes: number): void {
  checkSplit(split, processes);
  checkSamePairs("training data", split.trainDataset, maps.training.data.train(split.index));
  checkSamePairs("validation data", split.valDataset, maps.training.data.validation(split.index));
}

/** What must hold before a validation of saved models: its participants are those that were recorded, and each sample comes once. */
export function checkValidation(
  maps: Maps,
  { dataloader, splitIdx }: { readonly dataloader: DataLoader; readonly splitIdx: number },
  processes: number,
): void {
  checkTable(dataloader.dataset, "validation data");
  checkEachSampleOnce("validate", dataloader, processes);
  checkSamePairs("validation data", dataloader.dataset, maps.training.data.validation(splitIdx));
}

/** The data of a group. */
interface OfGroup {
  readonly dataloader: DataLoader;
  readonly groupName: string;
}

/** What must hold before a test: its participants were not trained on, and a known group has the same data. */
export function checkTest(maps: Maps, { dataloader, groupName }: OfGroup, processes: number): void {
  checkTable(dataloader.dataset, "test data");
  checkEachSampleOnce("test", dataloader, processes);
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
export function checkPrediction(maps: Maps, { dataloader, groupName }: OfGroup, processes: number): void {
  checkTable(dataloader.dataset, "prediction data");
  checkSamePairs(`data of group '${groupName}'`, dataloader.dataset, maps.prediction.group(groupName));
  checkEachSampleOnce("predict", dataloader, processes);
}

function checkTable(dataset: DatasetLike, what: string): void {
  if (dataset.length === 0) throw new DataFrameError(`The ${what} are empty.`);
  for (const column of ["participant_id", "session_id"]) {
    const without = dataset.df.findIndex((row) => row[column] === undefined || row[column] === null);
    if (without >= 0) throw new DataFrameError(`The table of the ${what} has no '${column}' in row ${without}.`);
  }
}

/** The participants that are in both tables, sorted. */
export function commonParticipants(a: readonly Row[], b: readonly Row[]): string[] {
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
function checkSamePairs(what: string, dataset: DatasetLike, dir: DataDir): void {
  if (!existsSync(dir.dataTsv)) return;
  const different = [...pairs(dataset.df).symmetricDifference(pairs(readTsv(dir.dataTsv)))].sort();
  if (different.length === 0) return;
  throw new ClinicaDLException(
    `The ${what} are not those of ${dir.dataTsv}: ${different.slice(0, 10).join("; ")}${different.length > 10 ? "; …" : ""} in one only. Pass the same participants and sessions.`,
  );
}
