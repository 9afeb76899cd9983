/** Callbacks: what is done at certain points of a training or an evaluation, besides training itself. */

/** The parent of all callbacks, and what its methods get. */
export { Callback } from "../run/callback.ts";
/** What every Trainer does besides, for `src/train`. */
export { checkLosses, checkPrediction, checkResumedSplit, checkSplit, checkTest, checkValidation } from "../run/checks/data.ts";
/** What callbacks see of a run; `clinicadl/train` exports them. */
export { ComputationalConfig, type ComputationalOptions } from "../run/computational.ts";
export { describeSplit, recordGroup, recordTest } from "./config-saver.ts";
/** Ending in time. */
export { EarlyStoppingCallback } from "./early-stopping.ts";
export type { BatchLike, EventArgs, EventName, Events } from "../run/events.ts";
/** Several callbacks, in the order in which they are called. */
export { CallbacksHandler } from "./handler.ts";
export type { Interruption, InterruptionSignal } from "../run/interruption.ts";
export { log } from "../run/log.ts";
/** Logs, summaries, progress. */
export { LoggerCallback } from "./logger.ts";
/** Learning rates. */
export { LRSchedulerCallback, type LRSchedulerCallbackOptions } from "./lr-scheduler.ts";
/** Weights to keep. */
export { ModelCheckpointCallback } from "./model-checkpoint.ts";
/** Where the time goes. */
export { MonitorCallback } from "./monitor.ts";
export { type TrainerCall, type TrainerStage, TrainerState } from "../run/trainer-state.ts";
/** Checkpoints to resume from. */
export { TrainingCheckpointCallback } from "./training-checkpoint.ts";
