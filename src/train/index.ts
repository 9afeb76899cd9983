/** Training and evaluating models. */

/** How a run is computed, and where it is. */
export { ComputationalConfig, type ComputationalOptions, TrainerState } from "../run/index.ts";
/** What a training says of itself while it goes on. */
export { type FollowOptions, followEvents } from "../run/journal/follow.ts";
export { readEvents } from "../run/journal/read.ts";
export type { LaterEvent, RunEvent } from "../run/journal/schema.ts";
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
