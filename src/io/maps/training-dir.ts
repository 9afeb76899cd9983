import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { JsonObject } from "../../utils/config.ts";
import { ClinicaDLException, ConfigError } from "../../utils/exceptions.ts";
import { writeJson } from "../files/index.ts";
import { type Row, writeTsv } from "../tsv/index.ts";
import { CheckpointsDir } from "./checkpoints.ts";
import { FileLock, type LockOptions } from "./lock.ts";
import { MetricsDir, type ModelDir, ModelsDir } from "./model-dirs.ts";
import { demand, ifThere, indicesIn, isPlainName, shownName } from "./scan.ts";
import { stageDirectory } from "./staging.ts";

/** What {@link DataDir.create} writes. */
export interface DataRecord {
  /** Participants and sessions: unique, sorted. */
  readonly data: readonly Row[];
  /** A dataset of one's own is described by its name. */
  readonly dataset: JsonObject | string;
  readonly dataloader: JsonObject | string;
}

/**
 * What describes a data set: its participants and sessions, the dataset, and the loader.
 * @example
 * ```ts
 * const { datasetJson } = new Maps("maps").training.data.train(0);
 * console.log(datasetFromDict(readJson(datasetJson)).length > 0); // → true
 * ```
 */
export class DataDir {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  get dataTsv(): string {
    return join(this.path, "data.tsv");
  }
  get datasetJson(): string {
    return join(this.path, "dataset.json");
  }
  get dataloaderJson(): string {
    return join(this.path, "dataloader.json");
  }
  /** Makes the directory, whole or not at all, in place of what is there. */
  create({ data, dataset, dataloader }: DataRecord): void {
    stageDirectory(this.path, (path) => {
      const staging = new DataDir(path);
      writeTsv(staging.dataTsv, [...data], ["participant_id", "session_id"]);
      writeJson(staging.datasetJson, dataset);
      writeJson(staging.dataloaderJson, dataloader);
    });
  }
  /** @throws ClinicaDLException naming the file that is missing. */
  read(): void {
    demand([this.dataTsv, this.datasetJson, this.dataloaderJson], this.path);
  }
}

/**
 * `training/split-<i>`.
 * @example
 * ```ts
 * import { existsSync } from "node:fs";
 *
 * const split0 = new Maps("maps").training.split(0);
 * console.log(readEvents(split0.eventsJsonl)[0]?.kind, existsSync(split0.trainingLossTsv)); // → start true
 * ```
 */
export class SplitDir {
  readonly path: string;
  readonly models: ModelsDir;
  /** The checkpoints from which a training can be resumed. */
  readonly tmp: CheckpointsDir;
  /** The tables of all evaluated epochs; written when training ends. */
  readonly validationMetrics: MetricsDir;
  constructor(path: string) {
    this.path = path;
    this.models = new ModelsDir(join(path, "models"));
    this.tmp = new CheckpointsDir(join(path, "tmp"));
    this.validationMetrics = new MetricsDir(join(path, "validation_metrics"));
  }
  /** Written last, when a training is complete. */
  get completeJson(): string {
    return join(this.path, ".clinicadl-ts", "complete.json");
  }
  /** From which epoch, and to which, a training that was complete goes on. */
  get extensionJson(): string {
    return join(this.path, ".clinicadl-ts", "extension.json");
  }
  /** The rows of all epochs that were evaluated, while a training runs: see `MetricsHandler.keepDetailsIn`. */
  get growingDetailsTsv(): string {
    return join(this.path, ".clinicadl-ts", "details.tsv");
  }
  /** What was frozen when the training began, and from where its weights came. */
  get weightsJson(): string {
    return join(this.path, ".clinicadl-ts", "weights.json");
  }
  /** What the training says of itself while it goes on: see `readEvents` and `followEvents` of `clinicadl/train`. */
  get eventsJsonl(): string {
    return join(this.path, ".clinicadl-ts", "events.jsonl");
  }
  get computationalJson(): string {
    return join(this.path, "computational.json");
  }
  /** Options of the set-up that ClinicaDL does not know, and that change nothing of the result. */
  get computationalExtrasJson(): string {
    return join(this.path, ".clinicadl-ts", "computational.json");
  }
  get summaryLog(): string {
    return join(this.path, "summary.log");
  }
  get warningLog(): string {
    return join(this.path, "warning.log");
  }
  get trainingLossTsv(): string {
    return join(this.path, "logs", "training_loss.tsv");
  }
  get computationalTsv(): string {
    return join(this.path, "logs", "computational.tsv");
  }
  get gradientNormTsv(): string {
    return join(this.path, "logs", "gradient_norm.tsv");
  }
  /** What energy the training took, where a `CarbonCallback` was there. */
  get energyJson(): string {
    return join(this.path, "logs", "energy.json");
  }
  /** Files of TensorBoard, which ClinicaDL does not look at. */
  get tensorboard(): string {
    return join(this.path, "logs", "tensorboard");
  }
  learningRatesTsv(optimizer: string): string {
    return join(this.path, "logs", "learning_rates", `${optimizer}.tsv`);
  }
}

/**
 * `training/data`: which data were seen in which split.
 * @example
 * ```ts
 * import { existsSync } from "node:fs";
 *
 * const { data } = new Maps("maps").training;
 * console.log(existsSync(data.dataTsv), existsSync(data.validation(0).dataTsv)); // → true true
 * ```
 */
export class TrainingDataDir {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  /** All participants and sessions seen in any split. */
  get dataTsv(): string {
    return join(this.path, "data.tsv");
  }
  train(split: number): DataDir {
    return new DataDir(join(this.path, "train", `split-${split}`));
  }
  validation(split: number): DataDir {
    return new DataDir(join(this.path, "validation", `split-${split}`));
  }
}

/**
 * `training/`.
 * @example
 * ```ts
 * const { training } = new Maps("maps");
 * console.log(training.readCheckpointName("split-0_final")); // → { splitIdx: 0, checkpoint: 'final' }
 * ```
 */
export class TrainingDir {
  readonly path: string;
  readonly data: TrainingDataDir;
  constructor(path: string) {
    this.path = path;
    this.data = new TrainingDataDir(join(path, "data"));
  }
  get optimizationJson(): string {
    return join(this.path, "optimization.json");
  }
  /** The splits on which training was started, in ascending order. */
  get splitsList(): number[] {
    return indicesIn(this.path, "split");
  }
  get splits(): Map<number, SplitDir> {
    return new Map(this.splitsList.map((split) => [split, this.split(split)]));
  }
  /** The directory of a split, whether it exists or not. */
  split(split: number): SplitDir {
    return new SplitDir(join(this.path, `split-${split}`));
  }

  /**
   * Held by whoever trains on a split or deletes it; shared, by those who evaluate its models: these do not change then.
   * @throws LockedError saying who holds it already.
   */
  lockSplit(split: number, options: LockOptions = {}): FileLock {
    return FileLock.acquire(
      join(this.path, `.split-${split}.lock`),
      `Split ${split} of ${dirname(this.path)}`,
      options,
    );
  }

  /** @throws ClinicaDLException naming the file that is missing. */
  read(): void {
    demand([this.optimizationJson], this.path);
    for (const split of this.splitsList) {
      const { path } = this.split(split);
      ifThere(path, () => demand([this.data.dataTsv], this.data.path));
      ifThere(path, () => this.data.train(split).read());
      ifThere(path, () => this.data.validation(split).read());
    }
  }

  /** `"split-0_best-loss"` → 0 and `"best-loss"`. Metric names may hold `_`. */
  readCheckpointName(name: string): { readonly splitIdx: number; readonly checkpoint: string } {
    const parts = /^split-(\d+)_(best-[^/\\]+|epoch-\d+|final)$/.exec(name);
    if (parts?.[1] === undefined || parts[2] === undefined || !isPlainName(name)) {
      throw new ConfigError(
        `The checkpoint is named '${shownName(String(name))}'. Expected 'split-<i>_best-<metric>', 'split-<i>_epoch-<n>' or 'split-<i>_final'.`,
      );
    }
    const splitIdx = Number(parts[1]);
    if (!this.splitsList.includes(splitIdx)) {
      throw new ClinicaDLException(
        `There is no split ${splitIdx} in ${this.path}. Its splits are: ${this.splitsList.join(", ") || "none"}.`,
      );
    }
    return { splitIdx, checkpoint: parts[2] };
  }

  /** The directory of `"split-<i>_<checkpoint>"`; its weights exist. */
  getCheckpointDir(name: string): ModelDir {
    const { splitIdx, checkpoint } = this.readCheckpointName(name);
    const { models } = this.split(splitIdx);
    const dir = models.getCheckpointDir(checkpoint);
    if (existsSync(dir.modelPt)) return dir;
    throw new ClinicaDLException(
      `${dir.modelPt} does not exist. The checkpoints of split ${splitIdx} are: ${models.list.join(", ") || "none"}.`,
    );
  }
}
