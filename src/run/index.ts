/**
 * What a run of a Trainer is, below the callbacks that are told of it: the events, the state, the set-up, the log, signals,
 * what a checkpoint holds, what must hold of data and losses, and what a MAPS records. Nothing in here knows a callback.
 */

/** Its batches and weights. */
export { disposeOutput, toDevice } from "./batches.ts";
/** Being told of a run. */
export { Callback } from "./callback.ts";
/** What a checkpoint captures and puts back. */
export { asRecord } from "./checkpoint/as-record.ts";
export { loadCheckpoint, optimizerStates, saveCheckpoint } from "./checkpoint/files.ts";
export { captureSnapshot, type RunSnapshot } from "./checkpoint/snapshot.ts";
/** What must hold before anything is written. */
export { checkBatchTransform } from "./checks/batch-transform.ts";
export { type ComparedData, compareData } from "./checks/compare.ts";
export {
  checkPrediction,
  checkResumedSplit,
  checkSplit,
  checkTest,
  checkValidation,
  commonParticipants,
} from "./checks/data.ts";
export { checkLoneSample } from "./checks/lone-sample.ts";
export { checkLosses } from "./checks/losses.ts";
export { checkEvaluationFields, checkTrainingFields } from "./checks/needed-fields.ts";
/** Where a run is, how it is computed, and whether it goes on. */
export { ComputationalConfig, type ComputationalOptions } from "./computational.ts";
export type { CallbackSequence, EventArgs, EventName, Events, WeightsToSave } from "./events.ts";
export type { GradientSum } from "./gradient-sum.ts";
export type { Interruption, InterruptionSignal } from "./interruption.ts";
/** What it says. */
export { EventsFile } from "./journal/file.ts";
export { type FollowOptions, followEvents } from "./journal/follow.ts";
export type { EventReceiver } from "./journal/journal.ts";
export { readEvents } from "./journal/read.ts";
export { EVENTS_VERSION, type LaterEvent, type RunEvent, type ToldEvent } from "./journal/schema.ts";
export { worldFromEnvironment } from "./launched-world.ts";
export { LogFiles, RunLog } from "./log.ts";
/** Following metrics and times. */
export { BestMonitor } from "./monitoring/best-monitor.ts";
export {
  MEASURED_PHASES,
  type Measured,
  type MeasuredPhase,
  measurementSummary,
  measurementTable,
} from "./monitoring/measurements.ts";
export { DeviceMeter, PhaseTimer, type TimeMark } from "./monitoring/phase-timer.ts";
export { QuantityMonitoring } from "./monitoring/quantity-monitoring.ts";
export { beginRun, checkIdle, RunInProgressError } from "./one-run.ts";
export { inPhases, type Phase } from "./phase.ts";
export { ProgressLine } from "./progress-line.ts";
/** What a MAPS records. */
export { BatchRecords } from "./records/batch-records.ts";
export { describeSplit, recordGroup, recordTest } from "./records/describe.ts";
export { LiveTable } from "./records/live-table.ts";
export { checkWeights, recordWeights, restoreFrozen } from "./records/weights.ts";
export { Interrupter, nextTurn, type SignalOptions, TrainingInterrupted } from "./signals.ts";
export { SumOfShards } from "./sum-of-shards.ts";
export { TensorSnapshot } from "./tensor-snapshot.ts";
export { type TrainerCall, type TrainerStage, TrainerState } from "./trainer-state.ts";
export { areRead, markRead, markUnread, WhenRead } from "./unread-losses.ts";
export { updateBatchNorm } from "./update-batch-norm.ts";
export { WeightAverage } from "./weight-average.ts";
/** Who trains together. */
export { anyOf, eachItsShare, mainFirst, mainOnly, SingleProcess, together, type World } from "./world.ts";
