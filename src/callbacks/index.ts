/** Callbacks: what is done at certain points of a training or an evaluation, besides training itself. */

/** The parent of all callbacks, and what its methods get. */
export {
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
/** One file per callback. */
export * from "./all.ts";
/** Several callbacks, in the order in which they are called. */
export { CallbacksHandler } from "./handler.ts";
export { type CallbackClass, callbackRegistry, registerCallback } from "./registry.ts";
export { type Synced, syncTraining } from "./trackers/sync.ts";
export { TrackerCallback } from "./trackers/tracker-callback.ts";
