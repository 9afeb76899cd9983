/** Experiment files: a whole training in YAML or JSON. */
export { type FoldOutcome, type RunOptions, type RunResult, runExperiment } from "./run.ts";
