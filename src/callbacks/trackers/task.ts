import { type MLflowTask, MLflowTracker } from "./mlflow/tracker.ts";
import type { RunStatus, Tracker } from "./tracker.ts";
import { type TrackioTask, TrackioTracker } from "./trackio/tracker.ts";

/** Which tracker a thread serves, and what it needs to know of the training: plain objects, which a thread can be given. */
export type TrackerTask = MLflowTask | TrackioTask;

export function trackerOf(task: TrackerTask): Tracker {
  switch (task.kind) {
    case "mlflow":
      return new MLflowTracker(task);
    case "trackio":
      return new TrackioTracker(task);
  }
}

/** What the thread is told. */
export interface ToTracker {
  readonly ended: RunStatus;
}
/** What it tells: the first failure. */
export interface FromTracker {
  readonly failure: string;
}
/** With what it begins. */
export interface TrackerData {
  readonly task: TrackerTask;
  readonly events: string;
}
