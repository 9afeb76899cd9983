/** Training and evaluating models. */

/** How a run is computed, where it is, how it ends, and what it says of itself while it goes on. */
export {
  ComputationalConfig,
  type ComputationalOptions,
  type FollowOptions,
  followEvents,
  type LaterEvent,
  type RunEvent,
  RunInProgressError,
  readEvents,
  type SignalOptions,
  TrainerState,
  TrainingInterrupted,
} from "../run/index.ts";
/** What went wrong while a model worked on a batch. */
export { BatchError } from "./batch-error.ts";
/** What is fitted on validation data. */
export type { Calibration, OutputCalibration } from "./calibration/record.ts";
export type {
  CalibrateOptions,
  OpenOptions,
  PredictOptions,
  RestoreOptions,
  ResumeOptions,
  TestOptions,
  TrainerOptions,
  TrainOptions,
  ValidateOptions,
} from "./options.ts";
export type { StatisticsOptions } from "./statistics.ts";
/** Trains a model on splits, into a MAPS. */
export type { MetricSummary, SummarizeOptions, Summary } from "./summarize.ts";
export { Trainer } from "./trainer.ts";
