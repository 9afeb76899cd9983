import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Maps } from "../../io/maps/index.ts";
import { indicesIn } from "../../io/maps/scan.ts";
import { rangesOf } from "../../sweep/config.ts";
import { readStudy } from "../../sweep/read-study.ts";
import { type ShownState, shownState } from "../../sweep/shown-state.ts";
import { bestOf, experimentValues, folderOfTrial, STUDY_FILE, trainingsOf } from "../../sweep/study-file.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { readStatus } from "./status.ts";

/** What a sweep varies. */
export interface StudyParameter {
  /** The key in the experiment file. */
  readonly name: string;
  /** Of a range: its ends, and whether it is logarithmic; of a choice: its values. */
  readonly range:
    | { readonly kind: "numbers"; readonly low: number; readonly high: number; readonly isLog: boolean }
    | { readonly kind: "choice"; readonly choices: readonly unknown[] };
}

/** A trial of a sweep. */
export interface StudyTrial {
  readonly number: number;
  readonly state: ShownState;
  /** The mean of the metric over its trainings; of one that was pruned, the metric at that time. */
  readonly score: number | null;
  /** The standard deviation over its trainings; null where there are no two. */
  readonly sd: number | null;
  /** How many epochs were trained, in all of its trainings. */
  readonly epochs: number;
  /** By the names of the parameters, as the experiment file has them. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The MAPS of its trainings, absolute: those that are there, and those that come. */
  readonly trainings: readonly string[];
}

/** The study of a sweep. */
export interface StudyContents {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
  readonly metric: string;
  readonly direction: "min" | "max";
  readonly parameters: readonly StudyParameter[];
  readonly trials: readonly StudyTrial[];
  /** The number of the best trial; null while none is complete. */
  readonly best: number | null;
}

/** The folders of studies: the folder itself; of a nested cross-validation, those of its outer folds; of anything else, none. */
export function studiesIn(path: string): readonly string[] {
  const folder = resolve(path);
  const outer = indicesIn(folder, "outer").map((fold) => join(folder, `outer-${fold}`));
  return [folder, ...outer].filter((one) => existsSync(join(one, STUDY_FILE)));
}

/**
 * The MAPS of a trial, absolute: those that are there, and those that come.
 * @throws ClinicaDLException where there is no such trial.
 */
export function mapsOfTrial(path: string, number: number): readonly string[] {
  const { sweep, trials } = readStudy(path);
  const trial = trials.find((one) => one.number === number);
  if (trial === undefined) throw new ClinicaDLException(`The study ${path} has no trial ${number}.`);
  return trainingsOf(sweep, folderOfTrial(resolve(path), trial)).map(({ maps }) => maps);
}

/**
 * The study of a sweep, while trials are trained and later, from its files alone.
 * @param known how many epochs were trained in a trial that has ended, by its number: it is read once, and kept here.
 * @throws ClinicaDLException where there is none.
 */
export function readStudyContents(path: string, known = new Map<number, number>()): StudyContents {
  const { sweep, trials } = readStudy(path);
  return {
    path: resolve(path),
    name: basename(resolve(path)),
    metric: sweep.metric,
    direction: sweep.direction,
    parameters: [...rangesOf(sweep)].map(([name, range]) => ({
      name,
      range: range.kind === "choice" ? range : { kind: "numbers", low: range.low, high: range.high, isLog: range.log },
    })),
    trials: trials.map((trial) => {
      const { number, score, sd } = trial;
      const state = shownState(resolve(path), sweep, trial);
      const trainings = trainingsOf(sweep, folderOfTrial(resolve(path), trial)).map(({ maps }) => maps);
      const epochs = known.get(number) ?? epochsOf(trainings);
      if (trial.state !== "running") known.set(number, epochs);
      return {
        ...{ number, state, score, sd, epochs },
        values: experimentValues(sweep, trial),
        trainings,
      };
    }),
    best: bestOf(sweep, trials)?.number ?? null,
  };
}

function epochsOf(maps: readonly string[]): number {
  const splits = maps.flatMap((path) => new Maps(path).training.splitsList.map((split) => readStatus(path, split)));
  return splits.reduce((sum, { epoch }) => sum + (epoch ?? 0), 0);
}
