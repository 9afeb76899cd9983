import type { CallbacksHandler } from "../callbacks/index.ts";
import type { DataLoader } from "../data/dataloader/index.ts";
import type { Inferer } from "../infer/index.ts";
import type { Maps } from "../io/maps/index.ts";
import type { MetricLike, MetricsHandler } from "../metrics/index.ts";
import type { Model } from "../models/index.ts";
import type { OptimizationConfig } from "../optim/index.ts";
import { type Callback, ComputationalConfig, type ComputationalOptions, type SignalOptions } from "../run/index.ts";
import type { Split } from "../split/index.ts";
import type { Named } from "../utils/registry.ts";
import type { StatisticsOptions } from "./statistics.ts";

export type Metrics = MetricsHandler | Readonly<Record<string, MetricLike>>;
/** Callbacks, or plain objects with their `name_` and options. */
export type Callbacks = readonly (Callback | Named)[] | CallbacksHandler;
export type Computational = ComputationalConfig | ComputationalOptions;

export interface TrainerOptions {
  /** Where all that is produced goes: a directory that does not exist yet, or is empty. */
  readonly maps: string | Maps;
  readonly model: Model;
  /** What is computed on validation and test data, by name. Default: the loss. */
  readonly metrics?: Metrics;
  readonly optimization?: OptimizationConfig | ConstructorParameters<typeof OptimizationConfig>[0];
  /** Besides those that are there by default. */
  readonly callbacks?: Callbacks;
  /** Whether a MAPS that exists is deleted first. Default false. */
  readonly overwrite?: boolean;
  /**
   * Whether processes that `torchrun`, `srun` or `mpirun` started together train as one. Default true; false where each of them
   * trains something of its own, such as a split.
   */
  readonly distributed?: boolean;
}

/** What `open` makes a MAPS of, or compares with what is recorded. */
export type OpenOptions = Omit<TrainerOptions, "overwrite">;

/** What `fromMaps` takes instead of what the MAPS says. */
export interface RestoreOptions {
  /** Where the BIDS data set is, if it is no longer where the MAPS says. */
  readonly bids?: string;
  readonly model?: Model;
  readonly metrics?: Metrics;
  readonly callbacks?: Callbacks;
  /** As of a new Trainer. */
  readonly distributed?: boolean;
}

export interface TrainOptions {
  readonly computational?: Computational;
  /** Which of the metrics to compute. Default: all. */
  readonly metrics?: readonly string[];
  /** What is done when the process is asked to end; false: nothing. Default: a checkpoint is written, and it ends. */
  readonly signals?: SignalOptions | false;
}

export interface ResumeOptions {
  readonly splitIdx: number;
  /** Up to which epoch to train. Default: as was recorded. More for a training that is complete. */
  readonly numEpochs?: number;
  /** As in `train`. */
  readonly signals?: SignalOptions | false;
  /** The split, where it cannot be read from the MAPS (a dataset of one's own). */
  readonly split?: Split;
  /** What differs from the recorded set-up, such as `{ gpu: false }`. */
  readonly computational?: ComputationalOptions;
}

export interface ValidateOptions extends StatisticsOptions {
  readonly splitIdx: number;
  readonly metrics: readonly string[];
  /** The validation data, where they cannot be read from the MAPS. */
  readonly dataloader?: DataLoader;
  /** `best-<metric>`, `epoch-<n>` or `final`. Default: all of them. */
  readonly modelCheckpoint?: string;
  /** What differs from the recorded set-up. */
  readonly computational?: ComputationalOptions;
}

export interface TestOptions extends StatisticsOptions {
  /** `split-<i>_best-<metric>`, `split-<i>_epoch-<n>` or `split-<i>_final`. */
  readonly modelCheckpoint: string;
  /** The name of the test data. */
  readonly groupName: string;
  /** Default: all. */
  readonly metrics?: readonly string[];
  /** The test data; not needed for a group that was tested before. */
  readonly dataloader?: DataLoader;
  /** Whether the calibration of the checkpoint is applied, which `calibrate` fitted. Default false. */
  readonly calibrated?: boolean;
  readonly computational?: Computational;
}

export interface CalibrateOptions {
  readonly splitIdx: number;
  /** `best-<metric>`, `epoch-<n>` or `final`. Default: all of them. */
  readonly modelCheckpoint?: string;
  /** The validation data, where they cannot be read from the MAPS. */
  readonly dataloader?: DataLoader;
  /** Whether a temperature is fitted. Default true. */
  readonly temperature?: boolean;
  /** Whether a threshold is chosen. Default: for outputs of one column, which are decided by one. */
  readonly threshold?: boolean;
  /** What differs from the recorded set-up. */
  readonly computational?: ComputationalOptions;
}

export interface PredictOptions {
  /** `split-<i>_best-<metric>`, `split-<i>_epoch-<n>` or `split-<i>_final`; with `ensemble`, without the `split-<i>_`. */
  readonly modelCheckpoint: string;
  /** The name of the data. */
  readonly groupName: string;
  /** The data, in the order of which rows are written; not needed for a group that was predicted before. */
  readonly dataloader?: DataLoader;
  /** Which fields to keep. Default: those that the model's `predictionStep` adds to the batch. */
  readonly outputs?: readonly string[];
  /** Columns of the data that the table has beside the outputs. Default: none. */
  readonly include?: readonly string[];
  /** Splits whose models predict together: the mean of what they give. Default: one model predicts. */
  readonly ensemble?: readonly number[];
  /** How images go through the network, instead of as the model says: in patches, several times, with a map of what matters. */
  readonly inferer?: Inferer | Named;
  /** Whether probabilities and decisions are added, by the calibration of the checkpoint, which `calibrate` fitted. Default false. */
  readonly calibrated?: boolean;
  readonly computational?: Computational;
  /** Whether predictions of this checkpoint for this group are replaced. Default false. */
  readonly overwrite?: boolean;
}

export function asComputational(value: Computational = {}): ComputationalConfig {
  return value instanceof ComputationalConfig ? value : new ComputationalConfig(value);
}
