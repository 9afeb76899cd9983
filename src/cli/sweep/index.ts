/** Sweeps: many trainings of an experiment file, with other values each. */
export { readSweep, runSweep, type SweepFile } from "./run.ts";
export { shownTrials, type TrialRow, trialRows } from "./trials.ts";
