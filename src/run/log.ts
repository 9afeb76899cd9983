import { closeSync, constants } from "node:fs";
import { dirname } from "node:path";
import { makeFolder, openRegular } from "../io/files/index.ts";
import type { RunDir } from "../io/maps/index.ts";
import { naming } from "../utils/file-errors.ts";
import { say } from "../utils/output.ts";
import { visible, visibleLines } from "../utils/visible.ts";
import { receiveWarnings } from "../utils/warnings.ts";
import { writeAll } from "../utils/write-all.ts";
import { Journal } from "./journal/journal.ts";

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
    const bytes = Buffer.from(line, "utf8");
    for (const { path, descriptor } of this.#targets[level]) {
      naming(path, () => writeAll(descriptor, bytes));
    }
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

/** The logs of the runs in hand: the last one gets what the layers below have to say. */
const inHand: RunLog[] = [];

// what the layers below have to say belongs into the files of the run
receiveWarnings((message) => {
  const log = inHand.at(-1);
  if (log === undefined) say(`Warning: ${visible(message)}`);
  else log.warning(message);
});

/**
 * The log of one run of a Trainer. Warnings are shown on standard error, too; into which files everything goes, the
 * LoggerCallback decides. Until it is disposed, it also gets the warnings of the layers below, which know no run.
 */
export class RunLog implements Disposable {
  /** What the run says of itself to whoever looks on; warnings are told there, too. */
  readonly journal = new Journal();
  #files: LogFiles | null = null;

  constructor() {
    inHand.push(this);
  }

  /** Writes into these files from now on; null: into none. */
  open(files: LogFiles | null): void {
    this.close();
    this.#files = files;
  }
  /** Closes the files, if any are open. */
  close(): void {
    const files = this.#files;
    this.#files = null;
    files?.close();
  }

  debug(message: string): void {
    this.#files?.write("DEBUG", message);
  }
  info(message: string): void {
    this.#files?.write("INFO", message);
  }
  warning(message: string): void {
    this.#files?.write("WARNING", message);
    this.journal.record({ kind: "warning", message });
    for (const log of inHand) log.journal.makeRoom();
    say(`Warning: ${visible(message)}`);
  }
  /** @param details for the file only: a stack. */
  error(message: string, details = ""): void {
    this.#files?.write("ERROR", message, details);
  }

  [Symbol.dispose](): void {
    const index = inHand.indexOf(this);
    if (index >= 0) inHand.splice(index, 1);
    this.journal.forget();
    this.close();
  }
}
