import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { namesIn } from "./scan.ts";

const two = (n: number) => String(n).padStart(2, "0");

/** `exec/run-<call>_<time>`: the logs of one call. */
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

/** `exec/`. */
export class ExecDir {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  get runsList(): string[] {
    return namesIn(this.path, "run");
  }
  /** Makes the directory of a call; calls within one second get a number. */
  createRun(call: string, now = new Date()): RunDir {
    mkdirSync(this.path, { recursive: true });
    const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())];
    const time = [two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())];
    const name = `run-${call}_${[...date, ...time].join("_")}`;
    for (let k = 1; ; k++) {
      const path = join(this.path, k === 1 ? name : `${name}_${k}`);
      try {
        mkdirSync(path);
        return new RunDir(path);
      } catch (error) {
        // another call, of this process or another, was faster
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
  }
}
