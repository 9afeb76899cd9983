import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import type { RunDir } from "../io/maps/index.ts";

type Level = "DEBUG" | "INFO" | "WARNING" | "ERROR";

const two = (n: number) => String(n).padStart(2, "0");

function now(): string {
  const d = new Date();
  return (
    `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ` +
    `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
  );
}

/** The files of one run: `info.log` (information and warnings), `debug.log`, `error.log`, and `warning.log`. */
export class LogFiles {
  readonly #files: Readonly<Record<"info" | "debug" | "error" | "warning", number | null>>;

  constructor(run: RunDir, warningLog: string, debug: boolean) {
    mkdirSync(dirname(warningLog), { recursive: true });
    this.#files = {
      info: openSync(run.infoLog, "a"),
      error: openSync(run.errorLog, "a"),
      warning: openSync(warningLog, "a"),
      debug: debug ? openSync(run.debugLog, "a") : null,
    };
  }
  write(level: Level, message: string): void {
    const { info, debug, error, warning } = this.#files;
    const line = `${now()} - ${level === "ERROR" ? "clinicadl - " : ""}${level}: ${message}\n`;
    const targets = { DEBUG: [debug], INFO: [info], WARNING: [info, warning], ERROR: [error] }[level];
    for (const file of targets) if (file !== null) writeSync(file, line);
  }
  close(): void {
    for (const file of Object.values(this.#files)) if (file !== null) closeSync(file);
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

/** Sends the log into these files; null: into none. @param clear called before a line is put on standard error. */
export function logInto(next: LogFiles | null, clear: () => void = () => {}): void {
  if (files !== next) files?.close();
  files = next;
  beforeLine = clear;
}
