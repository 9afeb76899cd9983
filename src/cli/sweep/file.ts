import { dirname, join, resolve } from "node:path";
import { innerFolder, nestedFolder } from "../../split/make-nested-kfold.ts";
import { experimentValues, type Sweep, sweepSchema, type Trial, trainingsOf } from "../../sweep/index.ts";
import { parseWith } from "../../utils/config.ts";
import { camelToSnake } from "../../utils/names.ts";
import { ExperimentDocument } from "../experiment/document.ts";
import { inPart } from "../experiment/parts.ts";

/** A sweep file, its paths absolute. */
export interface SweepFile {
  readonly sweep: Sweep;
  readonly experiment: string;
  readonly study: string;
  /** A directory of splits in place of those of the experiment file. */
  readonly splits?: string;
}

/** One of a nested cross-validation. */
export interface NestedFile extends SweepFile {
  readonly sweep: Sweep & { readonly nested: NonNullable<Sweep["nested"]> };
  /** Where its outer folds are. */
  readonly splits: string;
}

/** The sweep within an outer fold. */
export interface OuterFile extends SweepFile {
  readonly fold: number;
  readonly splits: string;
}

/** One training of a trial. */
export interface TrialRun {
  /** Its MAPS. */
  readonly maps: string;
  /** What `--set` of `train` gets. */
  readonly changes: readonly string[];
}

/** @throws ConfigError naming file, line and field. */
export function readSweep(path: string): SweepFile {
  const document = new ExperimentDocument(path);
  const { values } = document;
  const read = inPart(document, [], () => parseWith(sweepSchema, values, "sweep"));
  // keys of the experiment file, which documents spell like this
  const keys = Object.entries(read.parameters).map(([key, range]) => [camelToSnake(key), range] as const);
  const sweep: Sweep = { ...read, parameters: Object.fromEntries(keys) };
  const folder = resolve(dirname(path));
  return { sweep, experiment: resolve(folder, sweep.experiment), study: resolve(folder, sweep.study) };
}

/** The file where it is of a nested cross-validation, else null. */
export function asNested(file: SweepFile): NestedFile | null {
  const { sweep, study } = file;
  const { nested } = sweep;
  if (nested === undefined) return null;
  return { ...file, sweep: { ...sweep, nested }, splits: join(study, "splits", nestedFolder(nested.nSplits)) };
}

export function outerFiles({ sweep, experiment, study, splits }: NestedFile): readonly OuterFile[] {
  const { nSplits, nInnerSplits } = sweep.nested;
  return Array.from({ length: nSplits }, (_, fold) => ({
    sweep,
    experiment,
    study: join(study, `outer-${fold}`),
    splits: join(splits, `split-${fold}`, innerFolder(nInnerSplits)),
    fold,
  }));
}

/** What is trained for a trial: one MAPS, or one for each of the seeds. @param path the directory of the trial. */
export function runsOf(file: SweepFile, trial: Pick<Trial, "values">, path: string): readonly TrialRun[] {
  const { sweep } = file;
  const changes = (seed: object, maps: string): string[] =>
    Object.entries({
      ...splitsBeside(file),
      ...seedsBeside(file),
      ...experimentValues(sweep, trial),
      ...seed,
      maps,
    }).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return trainingsOf(sweep, path).map(({ maps, seed }) => ({
    maps,
    changes: changes(seed === null ? {} : { "computational.seed": seed }, maps),
  }));
}

function splitsBeside({ splits }: SweepFile): Record<string, unknown> {
  return splits === undefined ? {} : { split: { directory: splits } };
}

/** The seeds that the experiment file leaves open: drawn anew for each trial, they would make trials differ by chance. */
function seedsBeside({ sweep, experiment, splits }: SweepFile): Record<string, number> {
  const { split, computational = {} } = new ExperimentDocument(experiment).values;
  const made = splits === undefined ? asOptions(split) : {};
  const open = { "split.make_kfold": made.makeKfold, "split.make_split": made.makeSplit, computational };
  const keys = Object.entries(open).filter(([, options]) => isOptions(options) && options.seed === undefined);
  return Object.fromEntries(keys.map(([key]) => [`${key}.seed`, sweep.seed]));
}

function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asOptions(value: unknown): Readonly<Record<string, unknown>> {
  return isOptions(value) ? value : {};
}
