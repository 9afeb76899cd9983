import { type FigureOptions, foldsFigure, parameterFigure, trialsFigure } from "../figures/index.ts";
import { evaluationFigures } from "../gallery/evaluation-figures.ts";
import { evaluationsOf } from "../gallery/evaluations.ts";
import {
  type Configuration,
  type Contents,
  type Environment,
  type EvaluationKey,
  type Folds,
  type Part,
  partOf,
  type Resources,
  readConfiguration,
  readContents,
  readEnvironment,
  readResources,
  type StudyContents,
} from "../read/index.ts";
import { evaluationKeysOf, type NamedKey } from "./question.ts";

/** What there is of a MAPS. */
export interface Experiment {
  readonly contents: Part<Contents>;
  readonly evaluations: readonly NamedKey[];
}

export function experimentOf(path: string): Experiment {
  const contents = partOf(() => readContents(path));
  return { contents, evaluations: contents.found ? evaluationKeysOf(path) : [] };
}

/** What was trained, on what, and where time and memory went. */
export interface Setup {
  readonly configuration: Configuration;
  readonly environment: Part<Environment>;
  /** Of each split. */
  readonly resources: readonly Resources[];
}

export function setupOf(path: string): Setup {
  const { splits } = readContents(path);
  return {
    configuration: readConfiguration(path),
    environment: readEnvironment(path),
    resources: splits.map(({ index }) => readResources(path, index)),
  };
}

/** A figure, as SVG. */
export interface Drawn {
  readonly name: string;
  readonly svg: string;
}

/** The figures of an evaluation: of the model of a split, those of the same model of all splits together. */
export function figuresOf(path: string, key: EvaluationKey): readonly Drawn[] {
  const { models, checkpoint, group } = key;
  const asked = typeof models === "number" ? readContents(path).splits.map(({ index }) => index) : [models];
  return evaluationFigures(evaluationsOf(path, asked, checkpoint, group), group).map(({ name, draw }) => ({
    name,
    svg: draw({ ground: "page" }),
  }));
}

/** The metrics of folds, with their figure. */
export interface DrawnFolds {
  readonly folds: Folds;
  readonly svg: string;
}

export function drawnFolds(folds: Folds): DrawnFolds {
  return { folds, svg: foldsFigure(folds, { ground: "page" }) };
}

/** The trials of a study, with their figures. */
export interface DrawnStudy {
  readonly study: StudyContents;
  /** The values of trials, then of each parameter the values over it. */
  readonly svgs: readonly string[];
}

export function drawnStudy(study: StudyContents): DrawnStudy {
  const look: FigureOptions = { ground: "page", width: 460, height: 330 };
  return {
    study,
    svgs: [trialsFigure(study, look), ...study.parameters.map((parameter) => parameterFigure(study, parameter, look))],
  };
}
