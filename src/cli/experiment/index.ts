/** Experiment files: a whole training in YAML or JSON. */
export { type FoldOutcome, planExperiment, type RunOptions, type RunResult, runExperiment } from "./run.ts";
