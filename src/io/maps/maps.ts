import { existsSync, mkdirSync, readdirSync, realpathSync, rmdirSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as torch from "../../torch/index.ts";
import { environmentReport } from "../../utils/environment.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { isNotThere } from "../../utils/file-errors.ts";
import { writeFileAtomic } from "../files/index.ts";
import { openFile, saveFile } from "./by-suffix.ts";
import { lockIfDeletable } from "./deletable.ts";
import { MapsExistsError, MapsReplacedError } from "./errors.ts";
import { ExecDir } from "./exec-dir.ts";
import { InferenceDir } from "./inference-dir.ts";
import { checkSafe } from "./inside.ts";
import { MAPS } from "./layout.ts";
import { FileLock, IN_USE, isReadOnly } from "./lock.ts";
import { demand } from "./scan.ts";
import { createSplit, deleteSplit, type SplitRecord } from "./splits.ts";
import { removeDirectory, removeTemporaryFiles, stageDirectory } from "./staging.ts";
import { MapsSummary } from "./summary.ts";
import { TrainingDir } from "./training-dir.ts";

/**
 * A MAPS: the directory in which the Trainer keeps all that it produces, as ClinicaDL lays it out.
 *
 * A `Maps` is a view of what is on the disk; it caches nothing. Whatever must be whole is written to a temporary
 * directory and renamed, so that a start that fails leaves the MAPS as it was.
 * @example
 * ```ts
 * const maps = new Maps("maps");
 * console.log(maps.training.splitsList, maps.test.groupsList); // → [ 0 ] []
 * console.log(maps.training.split(0).models.list); // → [ 'final' ]
 * ```
 */
export class Maps {
  readonly path: string;
  readonly training: TrainingDir;
  readonly test: InferenceDir;
  readonly prediction: InferenceDir;
  readonly exec: ExecDir;
  /**
   * Which directory this object made or opened, as {@link identityOf} tells it, so that another MAPS that took its place is
   * noticed. null as long as it has made or opened none: then whichever is there is meant.
   */
  #identity: string | null = null;

  /** @param directory where it is, or is to be. */
  constructor(directory: string) {
    // what the process does with its own directory later must not matter
    const path = resolve(directory);
    this.path = path;
    this.training = new TrainingDir(join(path, "training"));
    this.test = new InferenceDir(join(path, "test"));
    this.prediction = new InferenceDir(join(path, "prediction"));
    this.exec = new ExecDir(join(path, "exec"));
  }

  get modelJson(): string {
    return join(this.path, "model.json");
  }
  get metricsJson(): string {
    return join(this.path, "metrics.json");
  }
  get callbacksJson(): string {
    return join(this.path, "callbacks.json");
  }
  /** Options of callbacks that ClinicaDL does not have. */
  get callbacksExtrasJson(): string {
    return join(this.path, ".clinicadl-ts", "callbacks.json");
  }
  get architectureLog(): string {
    return join(this.path, "architecture.log");
  }
  get nnSummaryTxt(): string {
    return join(this.path, "nn_summary.txt");
  }
  get summaryLog(): string {
    return join(this.path, "summary.log");
  }
  get environmentTxt(): string {
    return join(this.path, "env", "environment.txt");
  }

  /** Locked for moments, where several processes write one file. */
  get lockFile(): string {
    return join(this.path, ".lock");
  }

  /** Held, together, by all who work in the MAPS; and alone by who replaces or deletes it. */
  get inUseLock(): string {
    return join(this.path, IN_USE);
  }

  /**
   * Held while something is done in the MAPS: it is neither replaced nor deleted meanwhile. All that a MAPS must hold is
   * there, and no link or pipe stands for it.
   * @throws ClinicaDLException naming what is missing; UnsafeMapsError; LockedError while it is being replaced;
   * MapsReplacedError where it is not the MAPS any more that this object made or opened.
   */
  use(): Disposable {
    this.read();
    return this.#unlessDeleted(() => {
      using stack = new DisposableStack();
      try {
        const options = { shared: true, makeFolder: false, patience: 10_000 };
        stack.use(FileLock.await(this.inUseLock, `The MAPS ${this.path}`, options));
      } catch (error) {
        // a MAPS on a disk that is read only can be opened all the same
        if (!isReadOnly(error)) throw error;
      }
      if (this.#identity !== null && this.#identity !== identityOf(this.path)) {
        throw new MapsReplacedError(
          `${this.path} is another MAPS than the one that was opened: it was replaced meanwhile. Open the one that is there now with Trainer.fromMaps.`,
        );
      }
      checkSafe(this.path, MAPS);
      this.read();
      return stack.move();
    });
  }
  /** {@link use} of the MAPS that is there now, whichever this object knew before. */
  open(): Disposable {
    this.#identity = null;
    const lock = this.use();
    this.#identity = identityOf(this.path);
    return lock;
  }

  /** Runs `body` while no other process writes what they share. */
  locked<T>(body: () => T): T {
    return this.#unlessDeleted(() => FileLock.hold(this.lockFile, body, { makeFolder: false }));
  }

  /** Runs `body`; where the MAPS is deleted meanwhile, the error says so. */
  #unlessDeleted<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (!isNotThere(error) || this.exists()) throw error;
      throw new ClinicaDLException(`${this.path} does not exist any more: another process has deleted it.`, {
        cause: error,
      });
    }
  }

  /** Deletes what interrupted writers of files that processes share left; they all hold the lock. */
  removeLeftovers(): void {
    const { training } = this;
    this.locked(() => {
      for (const folder of [this.path, dirname(this.callbacksExtrasJson), training.path, training.data.path]) {
        removeTemporaryFiles(folder);
      }
    });
  }

  exists(): boolean {
    return existsSync(this.path);
  }
  isEmpty(): boolean {
    try {
      return readdirSync(this.path).length === 0;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
      return code === "ENOENT";
    }
  }
  /** Whether it looks like a MAPS, even an incomplete one; what it holds is looked at before it is deleted. */
  looksLikeMaps(): boolean {
    return existsSync(this.training.path) && (existsSync(this.summaryLog) || existsSync(this.modelJson));
  }

  /**
   * Makes the directory, with the description of the environment, the summary, and what `fill` writes into the Maps
   * that it gets (a temporary one). If `fill` throws, nothing has changed.
   * @param options `overwrite`: a MAPS that is there is deleted first; `existOk`: it is left as it is.
   * @throws MapsExistsError if there is a MAPS already, or another process has just made one, unless one of these was
   * asked for; ForeignEntryError listing what a MAPS does not hold, and LockedError where it is in use, if it was to be
   * deleted; ClinicaDLException if something else is there.
   */
  create({
    overwrite = false,
    existOk = false,
    fill,
  }: {
    readonly overwrite?: boolean;
    readonly existOk?: boolean;
    readonly fill?: (staging: Maps) => void;
  } = {}): void {
    const replace = !this.isEmpty();
    if (replace && existOk && !overwrite && this.looksLikeMaps()) return;
    // held until the new one is in its place, and the old one deleted
    using _old = replace
      ? this.#lockToDelete(
          overwrite,
          "Choose another path; or continue it with Trainer.fromMaps; or replace it with { overwrite: true }",
        )
      : null;
    // a link to a MAPS keeps pointing to it
    const target = realPath(this.path);
    let identity: string | null = null;
    const describe = (path: string) => {
      const staging = new Maps(path);
      identity = identityOf(path);
      mkdirSync(staging.training.path);
      mkdirSync(dirname(staging.environmentTxt));
      writeFileAtomic(staging.environmentTxt, environmentReport({ libtorch: torch.version(), gpus: gpuNames() }));
      new MapsSummary(staging.summaryLog).create(target);
      fill?.(staging);
    };
    try {
      stageDirectory(target, describe, { replace });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
      throw new MapsExistsError(
        this.path,
        `${this.path} exists already: another process has just made it. Continue it with Trainer.fromMaps.`,
        { cause: error },
      );
    }
    this.#identity = identity;
  }

  /**
   * The lock of who may delete the MAPS, which is one, and which nobody uses.
   * @param remedy what to do where deleting it was not `asked` for.
   */
  #lockToDelete(asked: boolean, remedy: string): FileLock {
    return this.#unlessDeleted(() => lockIfDeletable(this, asked, remedy));
  }

  /** Checks that all that a MAPS must hold is there. @throws ClinicaDLException naming what is missing. */
  read(): void {
    if (!this.exists()) throw new ClinicaDLException(`${this.path} does not exist. Check the path of the MAPS.`);
    demand([this.modelJson, this.metricsJson, this.callbacksJson], `The MAPS ${this.path}`);
    if (existsSync(dirname(this.environmentTxt))) demand([this.environmentTxt], `The MAPS ${this.path}`);
    this.training.read();
    this.test.read();
    this.prediction.read();
  }

  /** Deletes the MAPS. @throws ClinicaDLException if it is not empty, unless `nonEmptyOk`; or not a MAPS. */
  remove({ nonEmptyOk = false }: { readonly nonEmptyOk?: boolean } = {}): void {
    if (!this.exists()) return;
    const path = this.#unlessDeleted(() => realpathSync(this.path));
    if (this.isEmpty()) {
      this.#unlessDeleted(() => rmdirSync(path));
    } else {
      using _old = this.#lockToDelete(nonEmptyOk, "Delete what it holds, too, with { nonEmptyOk: true }");
      removeDirectory(path);
    }
    // a link to it would lead nowhere
    rmSync(this.path, { force: true });
  }

  /**
   * Makes the directories of a split, all or none: `training/split-<i>` is what makes it exist, and comes last.
   * What an earlier start left under `training/data` is replaced.
   */
  createSplit(split: number, record: SplitRecord): void {
    createSplit(this, split, record);
  }

  /** Deletes a split: its training, its data, and the results of its models on groups. */
  deleteSplit(split: number): void {
    deleteSplit(this, split);
  }

  /** Reads a file by its suffix: `.json`, `.tsv` (rows), `.pt` (tensors are on the CPU; dispose them), else text. */
  openFile(path: string): unknown {
    return openFile(path);
  }
  /** Writes a file by its suffix: `.json`, `.tsv` (rows), `.pt`, `.log`, `.txt`; whole or not at all. */
  saveFile(value: unknown, path: string, options: { readonly overwrite?: boolean } = {}): void {
    saveFile(value, path, options);
  }
}

/** Where links lead; of what is not there, the path. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (isNotThere(error)) return path;
    throw error;
  }
}

/** Which directory it is: not another one that has its name now, nor a later one with its number. */
function identityOf(path: string): string {
  const { dev, ino, birthtimeNs } = statSync(path, { bigint: true });
  return `${dev}:${ino}:${birthtimeNs}`;
}

function gpuNames(): string[] {
  return Array.from({ length: torch.cuda.deviceCount() }, (_, i) => torch.cuda.getDeviceName(`cuda:${i}`));
}
