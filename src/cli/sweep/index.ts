/** Sweeps: many trainings of an experiment file, with other values each. */
export { checkSweep } from "./check.ts";
export { asNested, type NestedFile, readSweep, type SweepFile } from "./file.ts";
export { runNested } from "./nested.ts";
export { type NestedReport, nestedReport, type OuterRow, shownNested } from "./nested-report.ts";
export { runSweep } from "./run.ts";
export { writeSlurmScript } from "./slurm.ts";
export { shownTrials, type TrialRow, trialRows } from "./trials.ts";
