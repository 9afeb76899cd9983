import { existsSync } from "node:fs";
import { isBatchType } from "../data/dataloader/index.ts";
import type { TrainingDataDir } from "../io/maps/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import {
  Callback,
  type ComparedData,
  commonParticipants,
  compareData,
  type EventArgs,
  type Phase,
} from "../run/index.ts";
import type { Split } from "../split/index.ts";
import { show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";

/**
 * Checks data and batches. What must hold before anything is written is in `checkLosses`, `checkSplit` and the like; that
 * `forwardStep` gives the losses that the model announces is checked where they are named (src/models/losses.ts).
 */
export class ChecksCallback extends Callback {
  #batchChecked = false;

  override get phase(): Phase {
    return "observe";
  }

  override onTrainStart({ maps, split, log }: EventArgs<"onTrainStart">): void {
    this.#batchChecked = false;
    // splits of one experiment should differ in their participants only
    for (const other of maps.training.splitsList.filter((i) => i !== split.index)) {
      const { data } = maps.training;
      const of = `of split ${split.index}`;
      const [train, validation] = sidesOf(split, data, other);
      compareData(log, { ...train, what: `${train.what} ${of}`, sameData: false });
      compareData(log, { ...validation, what: `${validation.what} ${of}`, sameData: false });
    }
  }
  override onResume({ maps, split, log }: EventArgs<"onResume">): void {
    this.#batchChecked = false;
    for (const side of sidesOf(split, maps.training.data, split.index)) compareData(log, side);
  }
  override onValidateStart({ maps, state, dataloader, log }: EventArgs<"onValidateStart">): void {
    this.#batchChecked = false;
    const dir = maps.training.data.validation(state.splitIdx ?? 0);
    compareData(log, { what: "validation data", dataset: dataloader.dataset, loader: null, dir });
  }
  override onTestStart({ maps, dataloader, groupName, log }: EventArgs<"onTestStart">): void {
    this.#batchChecked = false;
    const dir = maps.test.group(groupName);
    compareData(log, { what: `test data of group '${groupName}'`, dataset: dataloader.dataset, loader: null, dir });
  }
  override onPredictStart({ maps, log, dataloader, splits, groupName }: EventArgs<"onPredictStart">): void {
    this.#batchChecked = false;
    const { dataset } = dataloader;
    const dir = maps.prediction.group(groupName);
    compareData(log, { what: `data of group '${groupName}'`, dataset, loader: null, dir });
    const all = new Set(dataset.df.map((row) => row.participant_id)).size;
    for (const split of splits) {
      const { dataTsv } = maps.training.data.train(split);
      const seen = existsSync(dataTsv) ? commonParticipants(readTsv(dataTsv), dataset.df) : [];
      if (seen.length === 0) continue;
      log.warning(
        `The model was trained on ${seen.length} of the ${all} participants of group '${groupName}' (${dataTsv}). Its predictions for them say nothing about how good it is for others.`,
      );
    }
  }

  override onBatchStart({ batch }: EventArgs<"onBatchStart">): void {
    if (this.#batchChecked) return;
    checkBatch(batch);
    this.#batchChecked = true;
  }
}

/** The data of a split of now, and where a MAPS describes those of split `index`. */
function sidesOf(split: Split, data: TrainingDataDir, index: number): [ComparedData, ComparedData] {
  const train = { dataset: split.trainDataset, loader: split.trainLoader, dir: data.train(index) };
  const validation = { dataset: split.valDataset, loader: null, dir: data.validation(index) };
  return [
    { what: "training data", ...train },
    { what: "validation data", ...validation },
  ];
}

function checkBatch(batch: unknown): void {
  if (isBatchType(batch)) return;
  throw new ConfigError(`The loader gave ${show(batch)}. Expected a Batch, or several in an array or an object.`);
}
