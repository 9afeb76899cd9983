import { Maps } from "../../io/maps/index.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { mapsOfTrial, readContents, studiesIn } from "../read/index.ts";

/** What is asked for is not there, or cannot be understood. */
export class QuestionError extends ClinicaDLException {}

/** Which part of what is shown is looked at: the MAPS that were given, or those of a trial. */
export interface Scope {
  readonly study: number;
  readonly trial: number;
}

/** What is shown: MAPS, and studies of sweeps, whose trials are MAPS as well. */
export class Shown {
  /** Absolute. */
  readonly maps: readonly string[];
  readonly studies: readonly string[];

  /** @throws ClinicaDLException where a path is neither. */
  constructor(paths: readonly string[]) {
    const found = paths.map((path) => ({ path: new Maps(path).path, studies: studiesIn(path) }));
    this.studies = found.flatMap(({ studies }) => studies);
    this.maps = found.flatMap(({ path, studies }) => (studies.length > 0 ? [] : [path]));
    for (const path of this.maps) readContents(path);
  }

  /** The directory of a study, which counts from 0. */
  study(index: number): string {
    const path = this.studies[index];
    if (path === undefined) throw new QuestionError(`There are ${this.studies.length} studies, and no ${index}.`);
    return path;
  }

  /** The MAPS of a part, absolute: those that are there, and those that a trial will have. */
  pathsOf(scope: Scope | null): readonly string[] {
    return scope === null ? this.maps : mapsOfTrial(this.study(scope.study), scope.trial);
  }
}
