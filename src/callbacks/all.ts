/** Every callback that a MAPS records: a line here makes it public, and known by its `name_` in plain objects, JSON and a MAPS. */

export { CarbonCallback } from "./carbon.ts";
export { EarlyStoppingCallback } from "./early-stopping.ts";
export { EMACallback } from "./ema.ts";
export { GradualUnfreezingCallback } from "./gradual-unfreezing.ts";
export { LoggerCallback } from "./logger.ts";
export { LRSchedulerCallback, type LRSchedulerCallbackOptions } from "./lr-scheduler.ts";
export { MLflowCallback } from "./mlflow.ts";
export { ModelCheckpointCallback } from "./model-checkpoint.ts";
export { MonitorCallback } from "./monitor.ts";
export { SWACallback } from "./swa.ts";
export { TensorBoardCallback } from "./tensorboard.ts";
export { TrackioCallback } from "./trackio.ts";
export { TrainingCheckpointCallback } from "./training-checkpoint.ts";
