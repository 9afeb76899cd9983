import { closeSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { makeFolder } from "../io/files/index.ts";
import type { RunDir } from "../io/maps/index.ts";
import { naming } from "../utils/file-errors.ts";
import { receiveWarnings } from "../utils/warnings.ts";

type Level = "DEBUG" | "INFO" | "WARNING" | "ERROR";

const two = (n: number) => String(n).padStart(2, "0");

function now(): string {
  const d = new Date();
  return (
    `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ` +
    `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
  );
}

interface LogFile {
  readonly path: string;
  readonly descriptor: number;
}

/** The files of one run: `info.log` (information and warnings), `debug.log`, `error.log`, and `warning.log`. */
export class LogFiles {
  readonly #open: LogFile[] = [];
  readonly #targets: Readonly<Record<Level, readonly LogFile[]>>;

  constructor(run: RunDir, warningLog: string, debug: boolean) {
    makeFolder(dirname(warningLog));
    try {
      const info = this.#add(run.infoLog);
      const error = this.#add(run.errorLog);
      const warning = this.#add(warningLog);
      const all = debug ? [this.#add(run.debugLog)] : [];
      this.#targets = { DEBUG: all, INFO: [info], WARNING: [info, warning], ERROR: [error] };
    } catch (error) {
      this.close();
      throw error;
    }
  }
  #add(path: string): LogFile {
    const file = { path, descriptor: openSync(path, "a") };
    this.#open.push(file);
    return file;
  }
  write(level: Level, message: string): void {
    const line = `${now()} - ${level === "ERROR" ? "clinicadl - " : ""}${level}: ${message}\n`;
    for (const { path, descriptor } of this.#targets[level]) naming(path, () => writeSync(descriptor, line));
  }
  /** Closes all of them, also when one cannot be closed. */
  close(): void {
    const [last] = this.#open.splice(-1);
    if (last === undefined) return;
    try {
      naming(last.path, () => closeSync(last.descriptor));
    } finally {
      this.close();
    }
  }
}

let files: LogFiles | null = null;
let beforeLine: () => void = () => {};

/**
 * The log of the run in hand. Warnings and errors are shown on standard error, too; the LoggerCallback decides into
 * which files everything goes.
 */
export const log = {
  debug: (message: string) => files?.write("DEBUG", message),
  info: (message: string) => files?.write("INFO", message),
  warning(message: string): void {
    files?.write("WARNING", message);
    beforeLine();
    process.stderr.write(`Warning: ${message}\n`);
  },
  /** @param details for the file only: a stack. */
  error(message: string, details = ""): void {
    files?.write("ERROR", details === "" ? message : `${message}\n${details}`);
  },
};

// what the layers below have to say belongs into the same files
receiveWarnings((message) => log.warning(message));

/** Sends the log into these files; null: into none. @param clear called before a line is put on standard error. */
export function logInto(next: LogFiles | null, clear: () => void = () => {}): void {
  const last = files;
  files = next;
  beforeLine = clear;
  if (last !== next) last?.close();
}
