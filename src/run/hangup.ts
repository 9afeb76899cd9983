import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import process from "node:process";

/**
 * Whether this process was started to live on when its terminal closes: with `nohup`, or with SIGHUP ignored (`trap '' HUP`).
 * Node sets ignored signals back to what they do by default, so traces of the start are all that there is to go by.
 */
export function hangupIgnored(): boolean {
  return startedByNohup() || ignoredAbove();
}

/** Shells name the command of a line in `_`, and nohup puts a `/dev/null` that cannot be read in the place of a terminal. */
function startedByNohup(): boolean {
  if (basename(process.env._ ?? "") === "nohup") return true;
  const flags = attempt(() => readFileSync("/proc/self/fdinfo/0", "utf8"))?.match(/^flags:\s*([0-7]+)/m)?.[1];
  const writeOnly = flags !== undefined && (Number.parseInt(flags, 8) & 0b11) === 1;
  return writeOnly && attempt(() => readlinkSync("/proc/self/fd/0")) === "/dev/null";
}

/** Ignored signals are inherited: by the nearest ancestor that is not Node, too. */
function ignoredAbove(): boolean {
  for (let pid = process.ppid, steps = 0; pid > 1 && steps < 8; steps++) {
    const status = attempt(() => readFileSync(`/proc/${pid}/status`, "utf8"));
    const ignored = status?.match(/^SigIgn:\s*([0-9a-f]+)/m)?.[1];
    if (status === undefined || ignored === undefined) return false;
    // SIGHUP is signal 1, the lowest bit
    if ((Number.parseInt(ignored.slice(-1), 16) & 1) === 1) return true;
    if (!/^node/.test(basename(attempt(() => readlinkSync(`/proc/${pid}/exe`)) ?? ""))) return false;
    pid = Number(status.match(/^PPid:\s*(\d+)/m)?.[1] ?? 0);
  }
  return false;
}

/** A system without /proc, or a process that may not be looked at, has nothing to say. */
function attempt(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
