/** Callbacks: what is done at certain points of a training or an evaluation, besides training itself. */

/** The parent of all callbacks, and what its methods get. */
export { Callback } from "./callback.ts";
export type { BatchLike, EventArgs, EventName, Events } from "./events.ts";
/** Logs, summaries, progress. */
export { LoggerCallback } from "./logger.ts";
/** Where the time goes. */
export { MonitorCallback } from "./monitor.ts";
/** Weights to keep. */
export { ModelCheckpointCallback } from "./model-checkpoint.ts";
/** Checkpoints to resume from. */
export { TrainingCheckpointCallback } from "./training-checkpoint.ts";
/** Ending in time. */
export { EarlyStoppingCallback } from "./early-stopping.ts";
/** Learning rates. */
export { LRSchedulerCallback, type LRSchedulerCallbackOptions } from "./lr-scheduler.ts";

/** Several callbacks, in the order in which they are called. */
export { CallbacksHandler } from "./handler.ts";
/** What every Trainer does besides, for `src/train`. */
export { checkResumedSplit, checkSplit, checkTest } from "./checks.ts";
export { describeSplit, recordTest } from "./config-saver.ts";
export { log } from "./log.ts";
/** What callbacks see of a run; `clinicadl/train` exports them. */
export { ComputationalConfig, type ComputationalOptions } from "./computational.ts";
export { TrainerState, type TrainerCall, type TrainerStage } from "./trainer-state.ts";
