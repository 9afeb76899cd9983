import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ensureFolder } from "../../../io/files/index.ts";
import { readJson, writeJson } from "../../../io/json/file.ts";
import type { JsonObject } from "../../../utils/config.ts";
import type { CurvePoint } from "../../curve-point.ts";
import type { Tracker } from "../tracker.ts";

/** What it takes to tell Trackio of a training. */
export interface TrackioTask {
  readonly kind: "trackio";
  /** The database of the project. */
  readonly database: string;
  readonly runName: string;
  /** Of the run: the configurations of the training, by name. */
  readonly config: JsonObject;
  /** Where it is kept which run is that of the split. */
  readonly runFile: string;
}

/** Others may write at the same time: it is waited for them so long. */
const BUSY_MS = 5000;

/** The tables of Trackio's second version of its schema that are used here; Trackio makes its other ones when it opens the file. */
const TABLES = `
CREATE TABLE metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, timestamp TEXT NOT NULL, run_name TEXT NOT NULL,
  step INTEGER NOT NULL, metrics TEXT NOT NULL, log_id TEXT, space_id TEXT);
CREATE TABLE configs (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, run_name TEXT NOT NULL, config TEXT NOT NULL,
  created_at TEXT NOT NULL, UNIQUE(run_id));
PRAGMA user_version = 2;`;

/** The database of a Trackio project on this machine: `trackio show` reads it. */
export class TrackioTracker implements Tracker {
  readonly #task: TrackioTask;

  constructor(task: TrackioTask) {
    this.#task = task;
  }

  get name(): string {
    return `Trackio in ${this.#task.database}`;
  }
  keyOf(name: string): string {
    return name;
  }

  async connect(): Promise<ReadonlyMap<string, number>> {
    const { runName, config } = this.#task;
    const id = this.#runId();
    using database = this.#open();
    this.#transact(database, () => {
      const now = timestamp(Date.now());
      const own = { ...config, _Created: now };
      database
        .prepare("INSERT OR IGNORE INTO configs (run_id, run_name, config, created_at) VALUES (?, ?, ?, ?)")
        .run(id, runName, JSON.stringify(own), now);
    });
    const last = database.prepare(
      "SELECT value.key AS key, MAX(metrics.step) AS step FROM metrics, json_each(metrics.metrics) AS value WHERE run_id = ? GROUP BY value.key",
    );
    return new Map(last.all(id).map(({ key, step }) => [String(key), Number(step)]));
  }

  async send(points: readonly CurvePoint[]): Promise<void> {
    const { runName } = this.#task;
    const id = this.#runId();
    using database = this.#open();
    this.#transact(database, () => {
      const insert = database.prepare(
        "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?, ?)",
      );
      for (const { step, time, values } of points) {
        const metrics = values.map(([name, value]) => [name, Number.isFinite(value) ? value : String(value)]);
        insert.run(id, timestamp(time), runName, step, JSON.stringify(Object.fromEntries(metrics)));
      }
    });
  }

  /** Trackio keeps no status of runs. */
  async finish(): Promise<void> {}

  /** Runs are told apart by it: two of the same name are two runs. */
  #runId(): string {
    const { runFile } = this.#task;
    if (existsSync(runFile)) {
      const { run_id: id } = readJson(runFile);
      if (typeof id === "string") return id;
    }
    const id = randomUUID().replaceAll("-", "");
    writeJson(runFile, { run_id: id }, { overwrite: true });
    return id;
  }

  #open(): DatabaseSync {
    const { database: path } = this.#task;
    ensureFolder(dirname(path));
    const database = new DatabaseSync(path, { timeout: BUSY_MS });
    try {
      this.#transact(database, () => {
        const columns = database.prepare("PRAGMA table_info(metrics)").all();
        if (columns.length === 0) database.exec(TABLES);
        else if (!columns.some(({ name }) => name === "run_id")) {
          throw new Error(`${path} is of a Trackio before 0.24. Open it once with a later one, which converts it.`);
        }
      });
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  }
  #transact(database: DatabaseSync, act: () => void): void {
    database.exec("BEGIN IMMEDIATE");
    try {
      act();
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  }
}

/** As Python's isoformat() writes it. */
function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "+00:00");
}
