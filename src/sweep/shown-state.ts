import { Maps, seemsHeld } from "../io/maps/index.ts";
import type { Sweep } from "./config.ts";
import { folderOfTrial, lockOfTrial, trainingsOf } from "./study-file.ts";
import type { Trial } from "./trial.ts";

/** So long, in milliseconds, nothing may be heard of a process on another machine: more than clocks differ, and file systems delay. */
export const QUIET_MS = 300_000;

/** The state of a trial as it is shown: `interrupted` is one that nobody trains any more, though nothing was said of its end. */
export type ShownState = Trial["state"] | "interrupted";

/**
 * Whether a trial that was begun is still trained: by the process of the sweep that has it, or by one of a training that outlives it.
 * Nothing is changed; who goes on with the sweep finds out by the lock itself.
 * @param study the directory of the study.
 */
export function shownState(study: string, sweep: Pick<Sweep, "seeds">, trial: Trial): ShownState {
  if (trial.state !== "running") return trial.state;
  const trainings = trainingsOf(sweep, folderOfTrial(study, trial)).map(({ maps }) => new Maps(maps).inUseLock);
  return [lockOfTrial(study, trial), ...trainings].some((path) => seemsHeld(path, QUIET_MS))
    ? "running"
    : "interrupted";
}
