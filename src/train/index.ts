/** Training and evaluating models. */

/** Trains a model on splits, into a MAPS. */
export {
  type ResumeOptions,
  type RestoreOptions,
  type TestOptions,
  Trainer,
  type TrainerOptions,
  type TrainOptions,
  type ValidateOptions,
} from "./trainer.ts";
/** How a run is computed, and where it is. */
export { ComputationalConfig, type ComputationalOptions, TrainerState } from "../callbacks/index.ts";
