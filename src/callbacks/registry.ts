import type { Callback } from "../run/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { EarlyStoppingCallback } from "./early-stopping.ts";
import { EMACallback } from "./ema.ts";
import { LoggerCallback } from "./logger.ts";
import { LRSchedulerCallback } from "./lr-scheduler.ts";
import { ModelCheckpointCallback } from "./model-checkpoint.ts";
import { MonitorCallback } from "./monitor.ts";
import { SWACallback } from "./swa.ts";
import { TrainingCheckpointCallback } from "./training-checkpoint.ts";

/** Classes of callbacks by their `name_`. */
export type ReadableCallbacks = Readonly<Record<string, { fromDict(dict: JsonObject, extras?: JsonObject): Callback }>>;

/** Those that ClinicaDL has, too: `callbacks.json` names them. */
export const CALLBACKS: ReadableCallbacks = {
  EarlyStoppingCallback,
  LoggerCallback,
  LRSchedulerCallback,
  ModelCheckpointCallback,
  MonitorCallback,
  TrainingCheckpointCallback,
};

/** Those that ClinicaDL does not have: `.clinicadl-ts/callbacks.json` names them. */
export const CALLBACKS_ONLY_HERE: ReadableCallbacks = {
  EMACallback,
  SWACallback,
};
