import { existsSync } from "node:fs";
import { writeFileAtomic } from "../io/files/index.ts";
import { MapsSummary, TrainingSummary } from "../io/maps/index.ts";
import { Callback, type EventArgs, type Phase } from "../run/index.ts";

/** Keeps `architecture.log`, and what the summaries of the MAPS and of a split say of its runs. */
export class SummariesCallback extends Callback {
  #training: TrainingSummary | null = null;
  #group = "";

  /** The summary of a split is there before others add to it, and its end is written last. */
  override get phase(): Phase {
    return "frame";
  }
  override get ranks(): "main" {
    return "main";
  }

  override onTrainerInit({ model, maps }: EventArgs<"onTrainerInit">): void {
    if (existsSync(maps.architectureLog)) return;
    maps.locked(() => writeFileAtomic(maps.architectureLog, model.toString()));
  }

  override onTrainStart({ maps, split }: EventArgs<"onTrainStart">): void {
    this.#training = new TrainingSummary(maps.training.split(split.index).summaryLog);
    this.#training.create();
    this.#training.addDataInfo(split.trainDataset.length, split.valDataset.length);
    new MapsSummary(maps.summaryLog).addTrainingSplit(split.index);
  }
  override onResume({ maps, split }: EventArgs<"onResume">): void {
    this.#training = new TrainingSummary(maps.training.split(split.index).summaryLog);
  }
  override onTrainEnd({ state }: EventArgs<"onTrainEnd">): void {
    this.#training?.addTrainingEnd(state.currentEpoch, false);
    this.#training = null;
  }
  override onException({ state }: EventArgs<"onException">): void {
    // null when the run failed before it had begun: the summary on the disk is that of another run
    if (state.called === "train") this.#training?.addTrainingEnd(state.currentEpoch, true);
    this.#training = null;
  }

  override onTestStart({ maps, groupName }: EventArgs<"onTestStart">): void {
    new MapsSummary(maps.summaryLog).addTestGroup(groupName);
  }
  override onPredictStart({ groupName }: EventArgs<"onPredictStart">): void {
    this.#group = groupName;
  }
  override onPredictEnd({ maps }: EventArgs<"onPredictEnd">): void {
    new MapsSummary(maps.summaryLog).addPredictionGroup(this.#group);
  }
}
