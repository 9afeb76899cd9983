/** The MAPS on the disk: its layout, and writing it so that it can always be read. */
export { CheckpointDir, CheckpointsDir, type Position } from "./checkpoints.ts";
export { ForeignEntryError, MapsExistsError, MapsReplacedError, UnsafeMapsError } from "./errors.ts";
export { keepEventLines } from "./event-lines.ts";
export { ExecDir, RunDir } from "./exec-dir.ts";
export { folderOf, GroupDir, InferenceDir, type Models, ResultsDir } from "./inference-dir.ts";
export { appendInside, checkInside, checkOurs, recordGuests } from "./inside.ts";
export { RESULTS } from "./layout.ts";
export { FileLock, LockedError } from "./lock.ts";
export { seemsHeld } from "./lock-holders.ts";
export { Maps } from "./maps.ts";
export { MetricsDir, ModelDir, ModelsDir } from "./model-dirs.ts";
export { readCallbackExtras, readExtension, readSplitRecord, readState } from "./records.ts";
export { checkRewind, recordSplit, rewind, syncLogs } from "./rewind.ts";
export { checkColumnName, checkFileName, checkItemName, isPlainName, shownName } from "./scan.ts";
export { type SplitRecord, sortedPairs } from "./splits.ts";
export { publishDirectory, removeDirectory, stageDirectory } from "./staging.ts";
export { MapsSummary, TrainingSummary } from "./summary.ts";
export { DataDir, type DataRecord, SplitDir, TrainingDataDir, TrainingDir } from "./training-dir.ts";
