import { existsSync } from "node:fs";
import type { DataLoader } from "../../data/dataloader/index.ts";
import type { DatasetLike } from "../../data/datasets/index.ts";
import { writeJson } from "../../io/files/index.ts";
import { type DataRecord, type GroupDir, type Maps, type SplitRecord, sortedPairs } from "../../io/maps/index.ts";
import type { Split } from "../../split/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import type { ComputationalConfig } from "../computational.ts";

/** Data as a MAPS describes them. */
export function describeData(dataset: DatasetLike, loader: DataLoader | null): DataRecord {
  return {
    data: sortedPairs(dataset.df),
    dataset: dataset.toDict(),
    dataloader: loader?.toDict() ?? "",
  };
}

/** All that a MAPS records of a split when its training begins. */
export function describeSplit(split: Split, computational: ComputationalConfig): SplitRecord {
  // ClinicaDL goes on with the training, too: it makes the same steps with whole weights
  const { fully_sharded_data_parallel: sharded, checkpointing, ...known } = computational.toDict();
  const extras: JsonObject = {
    ...(sharded === undefined ? {} : { fully_sharded_data_parallel: sharded }),
    ...(checkpointing === undefined ? {} : { checkpointing }),
  };
  return {
    train: describeData(split.trainDataset, split.trainLoader),
    validation: describeData(split.valDataset, split.valLoader),
    computational: known,
    computationalExtras: Object.keys(extras).length === 0 ? null : extras,
  };
}

/** Records the data of a group, unless it is known already. */
export function recordGroup(group: GroupDir, dataloader: DataLoader): void {
  if (existsSync(group.path)) return;
  group.create(describeData(dataloader.dataset, dataloader));
}

/** Records the data of a test group, unless it is known already, and makes the directory of the results. */
export function recordTest(
  maps: Maps,
  groupName: string,
  modelCheckpoint: string,
  dataloader: DataLoader,
  computational: ComputationalConfig,
): void {
  const group = maps.test.group(groupName);
  recordGroup(group, dataloader);
  const { splitIdx, checkpoint } = maps.training.readCheckpointName(modelCheckpoint);
  const results = group.results(splitIdx, checkpoint);
  writeJson(results.computationalJson, computational.toDict(), { overwrite: true });
}
