import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { makeFolder, syncFolder } from "../files/index.ts";
import { checkInside, checkOurs } from "./inside.ts";
import { RUN } from "./layout.ts";
import { namesIn } from "./scan.ts";
import { removeDirectory } from "./staging.ts";

const two = (n: number) => String(n).padStart(2, "0");

/**
 * `exec/run-<call>_<time>`: the logs of one call.
 * @example
 * ```ts
 * import { existsSync } from "node:fs";
 * import { basename } from "node:path";
 *
 * for (const run of new Maps("maps").exec.runs.values()) console.log(basename(run.infoLog), existsSync(run.infoLog)); // → info.log true
 * ```
 */
export class RunDir {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  get infoLog(): string {
    return join(this.path, "info.log");
  }
  get debugLog(): string {
    return join(this.path, "debug.log");
  }
  get errorLog(): string {
    return join(this.path, "error.log");
  }
}

/**
 * `exec/`.
 * @example
 * ```ts
 * const [run = ""] = new Maps("maps").exec.runsList;
 * console.log(run.startsWith("train_")); // → true
 * ```
 */
export class ExecDir {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  /** `train_2026_11_23_06_32_18`, … */
  get runsList(): string[] {
    return namesIn(this.path, "run");
  }
  get runs(): Map<string, RunDir> {
    return new Map(this.runsList.map((name) => [name, new RunDir(join(this.path, `run-${name}`))]));
  }
  /** Deletes the logs of one call, by its name in {@link runs}. @throws ClinicaDLException if there is no such call. */
  deleteRun(name: string): void {
    const run = this.runs.get(name);
    if (run === undefined) throw new ClinicaDLException(`There is no run '${name}' in ${this.path}.`);
    checkInside(dirname(this.path), run.path);
    checkOurs(run.path, RUN);
    removeDirectory(run.path);
  }
  /** Makes the directory of a call; calls within one second get a number. */
  createRun(call: string, now = new Date()): RunDir {
    makeFolder(this.path);
    const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())];
    const time = [two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())];
    const name = `run-${call}_${[...date, ...time].join("_")}`;
    for (let k = 1; ; k++) {
      const path = join(this.path, k === 1 ? name : `${name}_${k}`);
      try {
        mkdirSync(path);
        syncFolder(this.path);
        return new RunDir(path);
      } catch (error) {
        // another call, of this process or another, was faster
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
  }
}
