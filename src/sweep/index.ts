/** Sweeps: which trials there are, how they are chosen and stopped. */
export { type AshaOptions, asha, type RungEntry } from "./asha.ts";
export { choiceSchema, countTrials, rangeSchema, rangesOf, type Sweep, sweepSchema } from "./config.ts";
export { extremesOf } from "./extremes.ts";
export { makeParzen, type NumericParzen, type Parzen } from "./parzen.ts";
export { readStudy, type StudyContent } from "./read-study.ts";
export { type ShownState, shownState } from "./shown-state.ts";
export { bounds, drawUniform, fromScale, type Range } from "./space.ts";
export { type ClaimedTrial, Study } from "./study.ts";
export { bestOf, experimentValues, folderOfTrial, STUDY_FILE, trainingsOf } from "./study-file.ts";
export { suggest } from "./suggest.ts";
export { type PastTrial, sampleTpe, splitTrials } from "./tpe.ts";
export type { Trial } from "./trial.ts";
