import type { Callback } from "../run/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { EarlyStoppingCallback } from "./early-stopping.ts";
import { LoggerCallback } from "./logger.ts";
import { LRSchedulerCallback } from "./lr-scheduler.ts";
import { ModelCheckpointCallback } from "./model-checkpoint.ts";
import { MonitorCallback } from "./monitor.ts";
import { TrainingCheckpointCallback } from "./training-checkpoint.ts";

/** The callbacks that can be read back from `callbacks.json`, by their `name_`. */
export const CALLBACKS: Readonly<Record<string, { fromDict(dict: JsonObject, extras?: JsonObject): Callback }>> = {
  EarlyStoppingCallback,
  LoggerCallback,
  LRSchedulerCallback,
  ModelCheckpointCallback,
  MonitorCallback,
  TrainingCheckpointCallback,
};
