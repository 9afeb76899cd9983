import { DataLoader, DataLoaderConfig } from "../data/dataloader/index.ts";
import { type DatasetLike, datasetFromDict } from "../data/datasets/index.ts";
import { readJson } from "../io/files/index.ts";
import type { DataDir, Maps } from "../io/maps/index.ts";
import { type ParticipantRow, pairKey, readParticipants } from "../io/tsv/index.ts";
import { type LoaderOptions, Split } from "../split/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { CannotReadJsonError } from "../utils/exceptions.ts";
import { DataMovedError, withPathsOfNow } from "./moved-data.ts";

/** Reads one file of a MAPS; what goes wrong names the file and what can be passed instead. */
export function readComponent<T>(what: string, path: string, remedy: string, read: (dict: JsonObject) => T): T {
  try {
    return read(readJson(path));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const advice = error instanceof DataMovedError ? "" : ` ${remedy}`;
    throw new CannotReadJsonError(`The ${what} cannot be restored from ${path}: ${why}${advice}`, { cause: error });
  }
}

function readData(
  maps: Maps,
  dir: DataDir,
  bids: string | null,
  remedy: string,
): { dataset: DatasetLike; options: LoaderOptions } {
  return {
    dataset: readComponent("dataset", dir.datasetJson, remedy, (dict) =>
      datasetFromDict(withPathsOfNow(dict, maps, bids)),
    ),
    options: readComponent("loader", dir.dataloaderJson, remedy, loaderOptions),
  };
}

/** The options with which a `dataloader.json` was built. */
function loaderOptions(dict: JsonObject): LoaderOptions {
  return DataLoaderConfig.fromDict(dict).fields() as LoaderOptions;
}

/**
 * The split on which a training was begun.
 * @param bids where the data set is now, if it has moved.
 */
export function restoreSplit(maps: Maps, index: number, bids: string | null): Split {
  const remedy = `Pass the split: resume({ splitIdx: ${index}, split }).`;
  const dirs = [maps.training.data.train(index), maps.training.data.validation(index)] as const;
  const [train, validation] = dirs.map((dir) => {
    const { dataset, options } = readData(maps, dir, bids, remedy);
    return { dataset: recordedRows(dataset, dir), options };
  }) as [ReturnType<typeof readData>, ReturnType<typeof readData>];
  const split = new Split({ index, trainDataset: train.dataset, valDataset: validation.dataset });
  split.buildTrainLoader(train.options);
  split.buildValLoader(validation.options);
  return split;
}

/** The loader of validation data, or of a test group. */
export function restoreDataLoader(maps: Maps, dir: DataDir, bids: string | null): DataLoader {
  const { dataset, options } = readData(maps, dir, bids, "Pass the loader: { dataloader }.");
  return new DataLoader(recordedRows(dataset, dir), options);
}

/**
 * The rows of a dataset that `data.tsv` names, in the order of the dataset: the table is sorted, and what is drawn for a sample
 * follows from its number.
 */
function recordedRows(dataset: DatasetLike, dir: DataDir): DatasetLike {
  const position = new Map(
    dataset
      .getParticipantSessionCouples()
      .map(([participant_id, session_id], i) => [pairKey({ participant_id, session_id }), i]),
  );
  const at = (row: ParticipantRow): number => position.get(pairKey(row)) ?? position.size;
  return dataset.subset(readParticipants(dir.dataTsv).toSorted((a, b) => at(a) - at(b)));
}
