/** Callbacks: what is done at certain points of a training or an evaluation, besides training itself. */

/** The parent of all callbacks, and what its methods get. */
export {
  type BatchLike,
  Callback,
  type EventArgs,
  type EventName,
  type Events,
  type Interruption,
  type InterruptionSignal,
  type Phase,
  type RunLog,
  type TrainerCall,
  type TrainerStage,
  TrainerState,
  type WeightsToSave,
} from "../run/index.ts";
/** Ending in time. */
export { EarlyStoppingCallback } from "./early-stopping.ts";
/** Averaged weights. */
export { EMACallback } from "./ema.ts";
/** Several callbacks, in the order in which they are called. */
export { CallbacksHandler } from "./handler.ts";
/** Logs, summaries, progress. */
export { LoggerCallback } from "./logger.ts";
/** Learning rates. */
export { LRSchedulerCallback, type LRSchedulerCallbackOptions } from "./lr-scheduler.ts";
/** Weights to keep. */
export { ModelCheckpointCallback } from "./model-checkpoint.ts";
/** Where the time goes. */
export { MonitorCallback } from "./monitor.ts";
export { SWACallback } from "./swa.ts";
/** Checkpoints to resume from. */
export { TrainingCheckpointCallback } from "./training-checkpoint.ts";
