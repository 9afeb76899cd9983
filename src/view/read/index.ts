/** What a MAPS holds, read from its files alone into plain values: running, finished or copied, of either language. */
export { type ComparedClassifiers, compareClassifiers } from "./classifiers.ts";
export { type Configuration, readConfiguration } from "./configuration.ts";
export {
  type Contents,
  type GroupContent,
  type ResultContent,
  readContents,
  type SplitContent,
} from "./contents.ts";
export { type Curves, readCurves } from "./curves.ts";
export { type Environment, readEnvironment } from "./environment.ts";
export { type EvaluatedSample, type Evaluation, type EvaluationKey, readEvaluation } from "./evaluation.ts";
export { type Bounds, type FoldMetric, type Folds, readFolds } from "./folds.ts";
export { type FileFinder, findImages, type ImageFinder } from "./image.ts";
export { type Log, type Message, readLogs, readWarnings } from "./messages.ts";
export type { Num } from "./numbers.ts";
export { type Part, partOf, valueOr } from "./part.ts";
export { type Measurement, type PhaseResources, type Resources, readResources } from "./resources.ts";
export type { Series } from "./series.ts";
export { type RunsOn, readStatus, type SplitStatus } from "./status.ts";
export {
  mapsOfTrial,
  readStudyContents,
  type StudyContents,
  type StudyParameter,
  type StudyTrial,
  studiesIn,
} from "./study.ts";
export { readTask, type Task } from "./task.ts";
