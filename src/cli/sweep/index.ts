/** Sweeps: many trainings of an experiment file, with other values each. */
export { checkSweep } from "./check.ts";
export { readSweep, runSweep, type SweepFile } from "./run.ts";
export { shownTrials, type TrialRow, trialRows } from "./trials.ts";
