import { readdirSync, rmSync, statfsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { makeFolder } from "../../../io/files/index.ts";
import { isNotThere } from "../../../utils/file-errors.ts";

const ENDING = ".entry";
/** A file that a process began and did not finish is that of a process that ended, after so long. */
const ABANDONED_MS = 60 * 60 * 1000;
/** Clocks of machines that share a folder differ by hours at most. */
const AHEAD_MS = 24 * 60 * 60 * 1000;

/** An entry of the cache, as it is seen from outside. */
export interface EntryFile {
  readonly path: string;
  readonly bytes: number;
  /** When it was last used; 0 where that is not known. */
  readonly usedMs: number;
}

/** When a file was last used. A time that is far ahead is of a clock that was wrong, and would keep the file for as long. */
export function usedAt({ mtimeMs }: { readonly mtimeMs: number }): number {
  return mtimeMs > Date.now() + AHEAD_MS ? 0 : mtimeMs;
}

/** Where images are kept unless another folder is given: beside what `clinicadl setup` fetched. @throws where the user has no such folder. */
export function defaultCacheFolder(): string {
  // plain JavaScript outside src/, which also runs before src/ is compiled
  const platform: unknown = createRequire(import.meta.url)("../../../../scripts/setup/platform.mjs");
  const { cacheRoot } = platform as { cacheRoot(): string };
  return join(cacheRoot(), "images");
}

export function entryPath(folder: string, key: string): string {
  return join(folder, `${key}${ENDING}`);
}

/** The entries in a folder; none where there is no such folder. */
export function listEntries(folder: string): EntryFile[] {
  return filesIn(folder).filter(({ path }) => path.endsWith(ENDING) && !isTemporary(path));
}

/** Deletes all entries, and what processes that ended did not finish. Who is reading or writing one goes on. @returns the entries that were deleted. */
export function clearEntries(folder: string): readonly EntryFile[] {
  removeAbandoned(folder);
  const found = listEntries(folder);
  for (const { path } of found) rmSync(path, { force: true });
  return found;
}

/** Half of what is free in the folder's file system, what the entries take being counted as free. */
export function halfOfFree(folder: string, held: number): number {
  makeFolder(folder);
  const { bavail, bsize } = statfsSync(folder);
  return Math.floor((bavail * bsize + held) / 2);
}

/** Deletes what processes began to write and did not finish. */
export function removeAbandoned(folder: string): void {
  const before = Date.now() - ABANDONED_MS;
  for (const { path, usedMs } of filesIn(folder))
    if (isTemporary(path) && usedMs < before) rmSync(path, { force: true });
}

function isTemporary(path: string): boolean {
  return /[/\\]\.tmp-[^/\\]*$/.test(path);
}

function filesIn(folder: string): EntryFile[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (isNotThere(error)) return [];
    throw error;
  }
  return names.flatMap((name) => {
    const path = join(folder, name);
    // another process may have deleted it
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats?.isFile() === true ? [{ path, bytes: stats.size, usedMs: usedAt(stats) }] : [];
  });
}
