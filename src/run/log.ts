import { closeSync, constants, writeSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder, openRegular } from "../io/files/index.ts";
import type { RunDir } from "../io/maps/index.ts";
import { naming } from "../utils/file-errors.ts";
import { say } from "../utils/output.ts";
import { visible, visibleLines } from "../utils/visible.ts";
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

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

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
    const file = { path, descriptor: openRegular(path, { flags: APPEND, follow: false }) };
    this.#open.push(file);
    return file;
  }
  /** @param details lines that follow the one of the message, set in so that none of them passes for an entry. */
  write(level: Level, message: string, details = ""): void {
    const entry = `${now()} - ${level === "ERROR" ? "clinicadl - " : ""}${level}: ${visible(message)}\n`;
    const line = details === "" ? entry : `${entry}${visibleLines(details).replace(/^/gm, "  ")}\n`;
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

interface OpenLog {
  readonly files: LogFiles | null;
  readonly beforeLine: () => void;
}

// the last one is written to; when it is closed, the one before is again
const open: OpenLog[] = [];
const write = (level: Level, message: string, details?: string) => open.at(-1)?.files?.write(level, message, details);

/**
 * The log of the run in hand. Warnings and errors are shown on standard error, too; the LoggerCallback decides into
 * which files everything goes.
 */
export const log = {
  debug: (message: string) => write("DEBUG", message),
  info: (message: string) => write("INFO", message),
  warning(message: string): void {
    write("WARNING", message);
    for (const { beforeLine } of open) beforeLine();
    say(`Warning: ${visible(message)}`);
  },
  /** @param details for the file only: a stack. */
  error: (message: string, details = "") => write("ERROR", message, details),
};

// what the layers below have to say belongs into the same files
receiveWarnings((message) => log.warning(message));

/**
 * Sends the log into these files (null: into none) until it is disposed, which closes them; and then where it went before.
 * @param beforeLine called before a line is put on standard error.
 */
export function logInto(files: LogFiles | null, beforeLine: () => void = () => {}): Disposable {
  const opened: OpenLog = { files, beforeLine };
  open.push(opened);
  return {
    [Symbol.dispose]() {
      const index = open.indexOf(opened);
      if (index < 0) return;
      open.splice(index, 1);
      files?.close();
    },
  };
}
