import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** The beginning of all names that do not count yet. ClinicaDL ignores them: it looks for `split…`, `epoch…`, `best…`. */
export const TEMPORARY = ".tmp-";

/** Asks the system to put what was written in this file or directory on the disk. */
export function sync(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** {@link sync} of all files below `directory`, and of the directories that name them. */
export function syncTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) syncTree(path);
    else if (entry.isFile()) sync(path);
  }
  sync(directory);
}

/** A name beside `target` that no reader takes for anything. */
export function temporaryBeside(target: string): string {
  return join(dirname(target), `${TEMPORARY}${basename(target)}-${randomBytes(4).toString("hex")}`);
}

/**
 * Makes a directory that appears whole or not at all: `fill` writes into a temporary one beside it, which is synced and
 * then renamed. What was at `target` is replaced. If `fill` throws, nothing has changed.
 */
export function stageDirectory(target: string, fill: (staging: string) => void): void {
  const parent = dirname(target);
  mkdirSync(parent, { recursive: true });
  const staging = temporaryBeside(target);
  mkdirSync(staging);
  try {
    fill(staging);
    syncTree(staging);
    if (existsSync(target)) {
      // a directory cannot be renamed onto a full one; a crash between the two renames leaves both, under temporary names
      const old = temporaryBeside(target);
      renameSync(target, old);
      renameSync(staging, target);
      rmSync(old, { recursive: true, force: true });
    } else {
      renameSync(staging, target);
    }
    sync(parent);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
}

/** Deletes what interrupted writers left in `directory`. */
export function removeTemporary(directory: string): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    if (name.startsWith(TEMPORARY)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}
