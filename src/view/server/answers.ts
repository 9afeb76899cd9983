import {
  type Configuration,
  type Contents,
  type Environment,
  type Part,
  partOf,
  type Resources,
  readConfiguration,
  readContents,
  readEnvironment,
  readResources,
} from "../read/index.ts";
import { evaluationsOf, type NamedEvaluation } from "./question.ts";

/** What there is of a MAPS. */
export interface Experiment {
  readonly contents: Part<Contents>;
  readonly evaluations: readonly NamedEvaluation[];
}

export function experimentOf(path: string): Experiment {
  const contents = partOf(() => readContents(path));
  return { contents, evaluations: contents.found ? evaluationsOf(path) : [] };
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
