import { readdirSync, readFileSync } from "node:fs";
import { WorkerError } from "./errors.ts";

/** What the event loop of a worker thread keeps open (5, measured), and the image that it reads, with its table. */
const PER_WORKER = 7;
/** What the process opens meanwhile: logs, a checkpoint, a table. */
const ELSE = 8;

/** Whose threads they are. */
export interface ThreadsOf {
  readonly owner: string;
  /** The option that says how many there are. */
  readonly option: string;
}
const OF_LOADER: ThreadsOf = { owner: "a DataLoader", option: "numWorkers" };

/**
 * Checks that the process may open what `workers` more threads need. Node reports threads that it cannot start only when
 * they are to work, which may be hours into a training.
 * @param who what the threads are of, and the option that says how many there are, for the message.
 * @throws WorkerError with the limit, and how to raise it.
 */
export function checkOpenFiles(workers: number, who = OF_LOADER): void {
  if (workers === 0) return;
  const files = openFiles(who);
  if (files === null) return;
  const needed = workers * PER_WORKER + ELSE;
  if (files.open + needed <= files.limit) return;
  throw new WorkerError(
    `${workers} worker threads of ${who.owner} cannot be started: this process may have ${files.limit} files open at once, ` +
      `has ${files.open}, and the threads need up to ${needed} more. Raise the limit (ulimit -n 4096), or lower ${who.option}.`,
  );
}

/** How many files are open, and may be; null on systems that do not say. */
function openFiles(who: ThreadsOf): { readonly open: number; readonly limit: number } | null {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    if (limit === undefined) return null; // "unlimited", or no such line
    // one of them is the folder that is being listed
    return { open: readdirSync("/proc/self/fd").length - 1, limit: Number(limit) };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EMFILE") {
      throw new WorkerError(
        `Worker threads of ${who.owner} cannot be started: this process has as many files open as it may. Raise the limit (ulimit -n 4096).`,
        { cause: error },
      );
    }
    return null;
  }
}
