import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { isNotThere, naming } from "../../utils/file-errors.ts";
import { isSyncedLater } from "../../utils/sync-later.ts";

/** Asks the system to put what was written in this file on the disk; or of a folder, the names in it. */
export function sync(path: string): void {
  const descriptor = openSync(path, "r");
  naming(path, () => {
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  });
}

/**
 * Makes what was made, renamed or deleted in this folder durable: a file or folder that is synced itself can still lose
 * its name. Windows cannot open folders, and needs no such thing.
 */
export function syncFolder(folder: string): void {
  if (process.platform !== "win32" && !isSyncedLater(folder)) sync(folder);
}

/** Makes a folder, and those above it that are missing; the name of each new one is synced. What is there, stays. */
export function makeFolder(folder: string): void {
  const first = ensureFolder(folder);
  if (first === undefined) return;
  const highest = resolve(first);
  for (let made = resolve(folder); ; made = dirname(made)) {
    syncFolder(dirname(made));
    if (made === highest || made === dirname(made)) return;
  }
}

/**
 * Makes a folder, and those above it that are missing, as `makeFolder`, without syncing their names.
 *
 * Node's own recursion never ends where the system says ENOENT of a folder whose parent is there, as in /proc.
 * @returns the highest that was made; undefined where all are there already.
 * @throws the system's error.
 */
export function ensureFolder(folder: string): string | undefined {
  try {
    mkdirSync(folder);
    return folder;
  } catch (error) {
    if (!isNotThere(error) || folder === dirname(folder)) {
      if (isFolder(folder)) return undefined;
      throw error;
    }
  }
  const first = ensureFolder(dirname(folder));
  try {
    mkdirSync(folder);
    return first ?? folder;
  } catch (error) {
    // another process may have made it in between
    if (isFolder(folder)) return first;
    throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Deletes a file that may be there, for good: it does not come back with a power cut. */
export function removeFile(path: string): void {
  try {
    rmSync(path);
  } catch (error) {
    if (isNotThere(error)) return;
    throw error;
  }
  syncFolder(dirname(path));
}
