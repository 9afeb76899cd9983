import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ensureFolder } from "../io/files/index.ts";
import { FileLock } from "../io/maps/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { asha, type RungEntry } from "./asha.ts";
import { countTrials, type Sweep } from "./config.ts";
import { QUIET_MS } from "./shown-state.ts";
import { bestOf, folderOfTrial, hasDeviations, lockOfTrial, readTrials, STUDY_FILE } from "./study-file.ts";
import { suggest } from "./suggest.ts";
import type { Trial } from "./trial.ts";

/** A trial that this process has for its own, until it is disposed. */
export interface ClaimedTrial extends Disposable {
  readonly trial: Trial;
  /** The directory of its MAPS, or of those of its seeds. */
  readonly maps: string;
  /** A file descriptor for the process that trains it: the trial is that one's as well, also when this process ends first. */
  readonly descriptor: number;
}

const rungsSchema: z.ZodType<RungEntry[]> = z.array(z.object({ trial: z.int(), rung: z.int(), value: z.number() }));

const recordSchema = z.record(z.string(), z.unknown());

/** The keys of which two records have other values. */
function differences(one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): string[] {
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return keys.filter((key) => !isDeepStrictEqual(one[key], other[key]));
}

/** Others write for moments only: it is waited for them so long. */
const BUSY_MS = 60_000;
/** How often the lock of a trial that is trained is touched, for those on other machines who look at the study. */
const TOUCH_MS = QUIET_MS / 10;

/**
 * The trials of a sweep, in one SQLite file that any number of processes share.
 *
 * The file has SQLite's rollback journal: a write-ahead log needs memory that the processes share, which those of several machines have
 * not. Whether a trial is being trained, a lock says, which ends with its process, however that ends; the trial is then taken up again.
 */
export class Study implements Disposable {
  readonly path: string;
  readonly #sweep: Sweep;
  readonly #database: DatabaseSync;

  /**
   * @param path its directory, made where it is not there.
   * @throws ConfigError where the study there is of another sweep: values of one are not to be compared with those of the other.
   */
  constructor(path: string, sweep: Sweep) {
    this.path = path;
    this.#sweep = sweep;
    ensureFolder(path);
    this.#database = new DatabaseSync(join(path, STUDY_FILE), { timeout: BUSY_MS });
    try {
      this.#database.exec("PRAGMA journal_mode = DELETE");
      this.#exclusively(() => this.#open());
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  get trials(): Trial[] {
    return readTrials(this.#database);
  }

  /** The best of the complete trials; null while there is none. */
  get best(): Trial | null {
    return bestOf(this.#sweep, this.trials);
  }

  /** Whether all trials have ended. */
  get hasEnded(): boolean {
    const { trials } = this;
    return trials.length >= countTrials(this.#sweep) && trials.every(({ state }) => state !== "running");
  }

  /** The directory of a trial: its MAPS, or those of its seeds. */
  pathOf(trial: Pick<Trial, "number">): string {
    return folderOfTrial(this.path, trial);
  }

  /**
   * Holds all trials to one experiment: that of the first that has ended. Before, it may be corrected.
   * @param experiment what trials have in common, by names that a message can say.
   * @throws ConfigError naming what has changed.
   */
  holdTo(experiment: Readonly<Record<string, unknown>>): void {
    this.#exclusively(() => {
      const content = JSON.stringify(experiment);
      const recorded = this.#database.prepare("SELECT content FROM experiment").get()?.content;
      const isBegun = this.trials.some(({ state }) => state === "complete" || state === "pruned");
      if (recorded === undefined || !isBegun) {
        this.#database.exec("DELETE FROM experiment");
        this.#database.prepare("INSERT INTO experiment (content) VALUES (?)").run(content);
        return;
      }
      const different = differences(recordSchema.parse(JSON.parse(String(recorded))), JSON.parse(content));
      if (different.length === 0) return;
      throw new ConfigError(
        `The trials of the study in ${this.path} were trained with another ${different.join(", ")} than ${this.#sweep.experiment} has now: their values are not to be compared. Take back the change, or give another 'study'.`,
      );
    });
  }

  /** A trial whose process is gone, else a new one; null where all have ended, or others have them. */
  claim(): ClaimedTrial | null {
    return this.#exclusively(() => {
      const { trials } = this;
      for (const trial of trials.filter(({ state }) => state === "running")) {
        const lock = this.#lock(trial.number);
        if (lock !== null) return this.#claimed(trial, lock);
      }
      if (trials.length >= countTrials(this.#sweep)) return null;
      const trial: Trial = {
        number: trials.length,
        values: suggest(this.#sweep, trials),
        state: "running",
        score: null,
        sd: null,
        epochs: null,
      };
      const lock = this.#lock(trial.number);
      if (lock === null) return null;
      this.#database
        .prepare('INSERT INTO trials (number, "values", state) VALUES (?, ?, ?)')
        .run(trial.number, JSON.stringify(trial.values), trial.state);
      return this.#claimed(trial, lock);
    });
  }

  /**
   * Records what a trial reached.
   * @param score null where it failed.
   * @param sd how its trainings differ; null where there are no two of them.
   */
  finish({ number }: Trial, score: number | null, sd: number | null = null): void {
    const state = score === null ? "failed" : "complete";
    this.#database
      .prepare("UPDATE trials SET state = ?, score = ?, sd = ? WHERE number = ?")
      .run(state, score, sd, number);
  }

  /**
   * Decides whether a trial goes on after an epoch, by the sweep's pruner; one that does not is recorded as pruned.
   * Epochs of which was told before change nothing.
   * @param value its metric after that epoch.
   */
  prunes({ number }: Trial, epoch: number, value: number): boolean {
    const { pruner, direction } = this.#sweep;
    if (pruner === undefined) return false;
    return this.#exclusively(() => {
      const entries = this.#database.prepare("SELECT trial, rung, value FROM rungs").all();
      const { stop, added } = asha(pruner, direction, number, { epoch, value }, rungsSchema.parse(entries));
      const insert = this.#database.prepare("INSERT INTO rungs (trial, rung, value) VALUES (?, ?, ?)");
      for (const { trial, rung, value: reached } of added) insert.run(trial, rung, reached);
      if (stop) {
        this.#database
          .prepare("UPDATE trials SET state = 'pruned', score = ?, epochs = ? WHERE number = ?")
          .run(Number.isNaN(value) ? null : value, epoch, number);
      }
      return stop;
    });
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #open(): void {
    this.#database.exec(
      'CREATE TABLE IF NOT EXISTS trials (number INTEGER PRIMARY KEY, "values" TEXT NOT NULL, state TEXT NOT NULL, score REAL, sd REAL, epochs INTEGER);' +
        "CREATE TABLE IF NOT EXISTS rungs (trial INTEGER NOT NULL, rung INTEGER NOT NULL, value REAL NOT NULL);" +
        "CREATE TABLE IF NOT EXISTS sweep (content TEXT NOT NULL);" +
        "CREATE TABLE IF NOT EXISTS experiment (content TEXT NOT NULL);",
    );
    if (!hasDeviations(this.#database)) this.#database.exec("ALTER TABLE trials ADD COLUMN sd REAL");
    // there may be more trials later
    const { trials: _, ...rest } = this.#sweep;
    const content = JSON.stringify(rest);
    const recorded = this.#database.prepare("SELECT content FROM sweep").get()?.content;
    if (recorded === undefined) this.#database.prepare("INSERT INTO sweep (content) VALUES (?)").run(content);
    else if (recorded !== content) {
      throw new ConfigError(
        `The study in ${this.path} is of another sweep: it has ${String(recorded)}, and the file now has ${content}. Only 'trials' may change; give another 'study'.`,
      );
    }
  }

  #claimed(trial: Trial, lock: FileLock): ClaimedTrial {
    const { descriptor } = lock;
    const touches = setInterval(() => lock.touch(), TOUCH_MS).unref();
    const end = () => {
      clearInterval(touches);
      lock[Symbol.dispose]();
    };
    return { trial, maps: this.pathOf(trial), descriptor, [Symbol.dispose]: end };
  }

  #lock(number: number): FileLock | null {
    return FileLock.tryAcquire(lockOfTrial(this.path, { number }));
  }

  /** No other process writes, or decides by what it has read, meanwhile. */
  #exclusively<T>(body: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = body();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}
