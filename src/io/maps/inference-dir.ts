import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { checkInside, checkOurs } from "./inside.ts";
import { GROUP } from "./layout.ts";
import { FileLock, IN_USE, type LockOptions } from "./lock.ts";
import { MetricsDir } from "./model-dirs.ts";
import { checkItemName, directoriesIn, ifThere, indicesIn, namesIn } from "./scan.ts";
import { removeDirectory, TEMPORARY } from "./staging.ts";
import { DataDir, type DataRecord } from "./training-dir.ts";

/**
 * `results/split-<i>/<checkpoint>`: what a model gave on a group: metrics of a test, or predictions.
 * @example
 * ```ts
 * import { basename } from "node:path";
 *
 * const { outputTsv, images } = new Maps("maps").prediction.group("held_out").results(0, "final");
 * console.log(basename(outputTsv), basename(images)); // → output.tsv images
 * ```
 */
export class ResultsDir {
  readonly path: string;
  readonly metrics: MetricsDir;
  constructor(path: string) {
    this.path = path;
    this.metrics = new MetricsDir(join(path, "metrics"));
  }
  get computationalJson(): string {
    return join(this.path, "computational.json");
  }
  /** How images went through the network, where not as the model of the MAPS says. */
  get infererJson(): string {
    return join(this.path, "inferer.json");
  }
  get warningLog(): string {
    return join(this.path, "warning.log");
  }
  /** The calibration that was applied, where one was. */
  get calibrationJson(): string {
    return join(this.path, "calibration.json");
  }
  /** A row per sample: values, and the names of files. */
  get outputTsv(): string {
    return join(this.path, "output.tsv");
  }
  /** Predicted images, as `.nii.gz`. */
  get images(): string {
    return join(this.path, "images");
  }
  /** Predictions that are neither values nor images, as `.pt`. */
  get tensors(): string {
    return join(this.path, "tensors");
  }
}

/** Whose results: the model of a split, or the models of several splits together. */
export type Models = number | readonly number[];

/**
 * `split-1`, or `ensemble-0-1-2`, which ClinicaDL does not look at.
 * @example
 * ```ts
 * console.log(folderOf(1), folderOf([0, 1, 2])); // → split-1 ensemble-0-1-2
 * ```
 */
export function folderOf(models: Models): string {
  return typeof models === "number" ? `split-${models}` : `ensemble-${models.join("-")}`;
}

/**
 * `group-<name>`: the data of a group, and the results of models on it.
 * @example
 * ```ts
 * const trainer = await Trainer.fromMaps("maps");
 * const dataloader = new DataLoader(split.valDataset);
 * await trainer.predict({ modelCheckpoint: "split-0_final", groupName: "held_out", dataloader });
 * const group = trainer.maps.prediction.group("held_out");
 * console.log(group.splitsList, group.checkpointsList(0)); // → [ 0 ] [ 'final' ]
 * ```
 */
export class GroupDir extends DataDir {
  /** The splits that have results. */
  get splitsList(): number[] {
    return indicesIn(join(this.path, "results"), "split");
  }
  /** The splits of each ensemble that has results. */
  get ensemblesList(): number[][] {
    return namesIn(join(this.path, "results"), "ensemble")
      .filter((name) => /^\d+(-\d+)+$/.test(name))
      .map((name) => name.split("-").map(Number));
  }
  /** The checkpoints of a split that have results: `best-loss`, `epoch-5`, `final`. */
  checkpointsList(split: number): string[] {
    return directoriesIn(dirname(this.results(split, "any").path));
  }
  results(models: Models, checkpoint: string): ResultsDir {
    return new ResultsDir(join(this.path, "results", folderOf(models), checkpoint));
  }
}

/**
 * `test/` and `prediction/`.
 * @example
 * ```ts
 * console.log(new Maps("maps").prediction.groupsList); // → []
 * ```
 */
export class InferenceDir {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  get groupsList(): string[] {
    return namesIn(this.path, "group");
  }
  get groups(): Map<string, GroupDir> {
    return new Map(this.groupsList.map((name) => [name, this.group(name)]));
  }
  /** The directory of a group, whether it exists or not. */
  group(name: string): GroupDir {
    return new GroupDir(join(this.path, `group-${name}`));
  }
  /** Describes a new group, for which there are no results yet. @throws ClinicaDLException if there is such a group. */
  createGroup(name: string, record: DataRecord): GroupDir {
    checkItemName("The group", name);
    const group = this.group(name);
    if (existsSync(group.path)) throw new ClinicaDLException(`There is a group '${name}' already: ${group.path}.`);
    group.create(record);
    return group;
  }
  /** Deletes a group, with all results on it. @throws ClinicaDLException if there is no such group. */
  deleteGroup(name: string): void {
    checkItemName("The group", name);
    const { path } = this.group(name);
    if (!existsSync(path)) {
      throw new ClinicaDLException(
        `There is no group '${name}' in ${this.path}. Its groups are: ${this.groupsList.join(", ") || "none"}.`,
      );
    }
    const maps = dirname(this.path);
    using _use = FileLock.acquire(join(maps, IN_USE), `The MAPS ${maps}`, { shared: true, makeFolder: false });
    using _group = this.lockGroup(name);
    checkInside(maps, path);
    checkOurs(path, GROUP);
    removeDirectory(path);
  }
  /**
   * Held by whoever deletes a group; shared, by those who write results on it.
   * @throws LockedError saying who holds it already.
   */
  lockGroup(name: string, options: LockOptions = {}): FileLock {
    const what = `The group '${name}' of ${this.path}`;
    return FileLock.acquire(join(this.path, `.group-${name}.lock`), what, options);
  }
  /** Held by whoever writes these results. @throws LockedError saying who does already. */
  lockResults(group: string, models: Models, checkpoint: string): FileLock {
    const what = `The results of '${folderOf(models)}_${checkpoint}' on the group '${group}'`;
    return FileLock.acquire(join(this.path, `.group-${group}_${folderOf(models)}_${checkpoint}.lock`), what);
  }
  /** Where results are written, by the holder of their lock, until they are whole. */
  unfinishedResults(group: string, models: Models, checkpoint: string): ResultsDir {
    return new ResultsDir(join(this.path, `${TEMPORARY}group-${group}_${folderOf(models)}_${checkpoint}`));
  }
  /** @throws ClinicaDLException naming the file that is missing. */
  read(): void {
    for (const [, group] of this.groups) ifThere(group.path, () => group.read());
  }
}
