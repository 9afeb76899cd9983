import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { z } from "zod";
import { readJson } from "../io/json/file.ts";
import type { Maps } from "../io/maps/index.ts";
import { type Input, type JsonObject, parseWith } from "../utils/config.ts";
import { readFields } from "../utils/fields.ts";
import { configFiles } from "./trackers/configs.ts";
import type { TrackerTask } from "./trackers/task.ts";
import { TrackerCallback } from "./trackers/tracker-callback.ts";

const schema = z.strictObject({
  /** Project in which the runs are. */
  project: z
    .string()
    .regex(/^(?!registry-)[\w-]+$/, "letters, digits, - and _ (not registry-… at its beginning)")
    .default("clinicadl"),
  /** Name of the runs, to which that of the split is added; null: that of the MAPS's folder. */
  runName: z.string().min(1).nullable().default(null),
  /** Folder of Trackio's databases; null: where Trackio has them. */
  dir: z.string().min(1).nullable().default(null),
  /** So long the end of a training waits for what is still to be written, in seconds. */
  timeout: z.number().positive().max(3600).default(20),
});

/**
 * Writes the losses of every batch, learning rates, times, the metrics of validations and the configuration for Trackio: `trackio show`. Each split
 * is a run, `<runName>-split-<i>`.
 *
 * - `project` (`"clinicadl"`): letters, digits, `-` and `_`.
 * - `runName` (null): without it, the name of the MAPS's folder.
 * - `dir` (null): the folder of Trackio's databases. Without it, where Trackio has them: TRACKIO_DIR, else `trackio` in HF_HOME, which is
 *   `~/.cache/huggingface` by default.
 * - `timeout` (20): so many seconds the end of a training waits for what is still to be written.
 *
 * Nothing of Trackio is needed to write them. All is written from a thread: the training waits for nothing before its end. A database that cannot be
 * written is a warning; what it lacks is written later, or when the training is resumed. No step is there twice. ClinicaDL has no such callback.
 * @example
 * ```ts
 * const callbacks = [new TrackioCallback({ project: "ad-vs-cn", dir: "trackio" })];
 * const trainer = new Trainer({ maps: "trackio", model, callbacks });
 * ```
 */
export class TrackioCallback extends TrackerCallback {
  static readonly name_ = "TrackioCallback";
  static readonly schema = schema;
  readonly title = "Trackio";
  readonly project: string;
  readonly runName: string | null;
  readonly dir: string | null;
  readonly timeout: number;

  constructor(options: Input<typeof schema> = {}) {
    super();
    const { project, runName, dir, timeout } = parseWith(schema, options, new.target.name);
    this.project = project;
    this.runName = runName;
    this.dir = dir;
    this.timeout = timeout;
  }

  override task(maps: Maps, split: number): TrackerTask {
    const folder = this.dir === null ? trackioFolder(process.env) : resolve(this.dir);
    const group = this.runName ?? basename(maps.path);
    const configs = configFiles(maps, split).map(([name, path]) => [name, readJson(path)] as const);
    return {
      kind: "trackio",
      database: join(folder, `${this.project}.db`),
      runName: `${group}-split-${split}`,
      config: { ...Object.fromEntries(configs), _Group: group },
      runFile: join(maps.training.split(split).path, ".clinicadl-ts", "trackio.json"),
    };
  }

  toDict(): JsonObject {
    const { project, runName, dir, timeout } = this;
    return { name_: "TrackioCallback", project, run_name: runName, dir, timeout };
  }
  static fromDict(dict: JsonObject): TrackioCallback {
    return TrackioCallback.fromOptions(readFields("TrackioCallback", dict, ["project", "run_name", "dir", "timeout"]));
  }
}

function trackioFolder({ TRACKIO_DIR, HF_HOME, XDG_CACHE_HOME }: Readonly<Record<string, string | undefined>>): string {
  if (TRACKIO_DIR) return resolve(TRACKIO_DIR);
  const cache = XDG_CACHE_HOME ? XDG_CACHE_HOME : join(homedir(), ".cache");
  return join(HF_HOME ? HF_HOME : join(cache, "huggingface"), "trackio");
}
