import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FileLock } from "../io/maps/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { countTrials, type Sweep } from "./config.ts";
import { suggest } from "./suggest.ts";
import { type Trial, trialSchema } from "./trial.ts";

/** A trial that this process has for its own, until it is disposed. */
export interface ClaimedTrial extends Disposable {
  readonly trial: Trial;
  /** The directory of its MAPS. */
  readonly maps: string;
}

/** Others write for moments only: it is waited for them so long. */
const BUSY_MS = 60_000;

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
    mkdirSync(path, { recursive: true });
    this.#database = new DatabaseSync(join(path, "study.sqlite"), { timeout: BUSY_MS });
    try {
      this.#database.exec("PRAGMA journal_mode = DELETE");
      this.#exclusively(() => this.#open());
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  get trials(): Trial[] {
    const rows = this.#database.prepare('SELECT number, "values", state, score FROM trials ORDER BY number').all();
    return rows.map((row) => trialSchema.parse(row));
  }

  /** The best of the complete trials; null while there is none. */
  get best(): Trial | null {
    const sign = this.#sweep.direction === "min" ? 1 : -1;
    const complete = this.trials.filter((trial): trial is Trial & { score: number } => trial.score !== null);
    return complete.sort((a, b) => sign * (a.score - b.score))[0] ?? null;
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
      };
      const lock = this.#lock(trial.number);
      if (lock === null) return null;
      this.#database
        .prepare('INSERT INTO trials (number, "values", state) VALUES (?, ?, ?)')
        .run(trial.number, JSON.stringify(trial.values), trial.state);
      return this.#claimed(trial, lock);
    });
  }

  /** Records what a trial reached; null where it failed. */
  finish({ number }: Trial, score: number | null): void {
    const state = score === null ? "failed" : "complete";
    this.#database.prepare("UPDATE trials SET state = ?, score = ? WHERE number = ?").run(state, score, number);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #open(): void {
    this.#database.exec(
      'CREATE TABLE IF NOT EXISTS trials (number INTEGER PRIMARY KEY, "values" TEXT NOT NULL, state TEXT NOT NULL, score REAL);' +
        "CREATE TABLE IF NOT EXISTS sweep (content TEXT NOT NULL);",
    );
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
    const name = `trial-${String(trial.number).padStart(4, "0")}`;
    return { trial, maps: join(this.path, name), [Symbol.dispose]: () => lock[Symbol.dispose]() };
  }

  #lock(number: number): FileLock | null {
    return FileLock.tryAcquire(join(this.path, `.trial-${number}.lock`));
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
