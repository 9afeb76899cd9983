/** Who holds a lock, as its file says: each of those that held it has signed it with a line. */
import { closeSync, fstatSync, ftruncateSync, readFileSync, readSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { isNotThere } from "../../utils/file-errors.ts";
import { writeAll } from "../../utils/write-all.ts";
import { openRegular } from "../files/index.ts";

const LIMIT = 4096;
/** A line; when the process began is left out where the system does not say. */
const LINE = /^process (\d{1,10}) on ([\w.-]+), since [\dT:.Z-]+?(?:, begun at (\d+))?$/;

/** Writes down who holds the lock; a shared one after those who hold it, too. */
export function sign(descriptor: number, shared: boolean): void {
  const others = shared ? linesOf(descriptor).filter((line) => !hasEnded(line)) : [];
  const stat = statOf(process.pid);
  const begun = stat === null ? "" : `, begun at ${stat.begun}`;
  const own = `process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}${begun}`;
  const text = [...others.slice(-20), own].map((line) => `${line}\n`).join("");
  ftruncateSync(descriptor);
  writeAll(descriptor, text, 0);
}

/** Those that have signed, and have not ended as far as this machine can tell; and those of them that are this process. */
export function signers(descriptor: number): { readonly all: readonly string[]; readonly own: readonly string[] } {
  const lines = linesOf(descriptor).filter((line) => !hasEnded(line));
  const shown = (some: readonly string[]) => some.map((line) => line.replace(/, begun at \d+$/, ""));
  return { all: shown(lines), own: shown(lines.filter((line) => isHere(line) && pidOf(line) === process.pid)) };
}

/**
 * Whether one of those that have signed a lock goes on, found out without asking for the lock, which another might ask for at that
 * moment: on this machine, whether the process is there; on another, whether the file was touched of late.
 * @param quiet how old, in milliseconds, the last sign of life of another machine may be.
 */
export function seemsHeld(path: string, quiet: number): boolean {
  let descriptor: number;
  try {
    descriptor = openRegular(path, { follow: false });
  } catch (error) {
    if (isNotThere(error)) return false;
    throw error;
  }
  try {
    const isFresh = Date.now() - fstatSync(descriptor).mtimeMs < quiet;
    return linesOf(descriptor).some((line) => (isHere(line) ? !hasEnded(line) : isFresh));
  } finally {
    closeSync(descriptor);
  }
}

function linesOf(descriptor: number): string[] {
  const bytes = Buffer.alloc(LIMIT);
  const count = readSync(descriptor, bytes, 0, LIMIT, 0);
  return bytes
    .toString("utf8", 0, count)
    .split("\n")
    .filter((line) => LINE.test(line));
}

const pidOf = (line: string): number => Number(LINE.exec(line)?.[1]);
const isHere = (line: string): boolean => LINE.exec(line)?.[2] === hostname();

/** Whether the process of this line ran on this machine, and does not run any more; another may have its number. */
function hasEnded(line: string): boolean {
  if (!isHere(line)) return false;
  const pid = pidOf(line);
  if (!exists(pid)) return true;
  const now = statOf(pid);
  if (now === null) return false;
  const [, , , begun = now.begun] = LINE.exec(line) ?? [];
  return now.isOver || now.begun !== begun;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // another user's may not be sent a signal
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

interface ProcessStat {
  /** Whether it has ended, and whoever started it has not asked how. */
  readonly isOver: boolean;
  /** When it began, in ticks since the machine did. */
  readonly begun: string;
}

/** Of a process of this machine, by Linux' proc(5); null where the system does not say. */
function statOf(pid: number): ProcessStat | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // no such file system, another user's, or it has just ended
    if (code === "ENOENT" || code === "EACCES" || code === "ESRCH") return null;
    throw error;
  }
  // the name of the program, in brackets, may have any characters; behind it are the fields from the third on
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const { 0: state = "", 19: begun } = fields;
  return begun === undefined ? null : { isOver: state === "Z" || state === "X", begun };
}
