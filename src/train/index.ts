/** Training and evaluating models. */

/** How a run is computed, and where it is. */
export { ComputationalConfig, type ComputationalOptions, TrainerState } from "../run/index.ts";
/** Trains a model on splits, into a MAPS. */
export { RunInProgressError } from "../run/one-run.ts";
export { type SignalOptions, TrainingInterrupted } from "../run/signals.ts";
/** What went wrong while a model worked on a batch. */
export { BatchError } from "./batch-error.ts";
export type {
  OpenOptions,
  PredictOptions,
  RestoreOptions,
  ResumeOptions,
  TestOptions,
  TrainerOptions,
  TrainOptions,
  ValidateOptions,
} from "./options.ts";
export { Trainer } from "./trainer.ts";
