import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as torch from "../../torch/index.ts";
import { syncLater } from "../../utils/sync-later.ts";
import { makeFolder, syncFolder } from "../files/index.ts";
import { Claim, discard, discardForgotten } from "./claim.ts";

/** The beginning of all names that do not count yet. ClinicaDL ignores them: it looks for `split…`, `epoch…`, `best…`. */
export const TEMPORARY = ".tmp-";

/** Syncs all files below `directory`, and of the directories that name them. */
function syncTree(directory: string): void {
  const below = readdirSync(directory, { withFileTypes: true, recursive: true });
  const named = below.filter((entry) => entry.isDirectory() || entry.isFile());
  torch.files.syncAll([...named.map((entry) => join(entry.parentPath, entry.name)), directory]);
}

/** A name beside `target` that no reader takes for anything. */
export function temporaryBeside(target: string): string {
  return join(dirname(target), `${TEMPORARY}${basename(target)}-${randomBytes(4).toString("hex")}`);
}

/**
 * Makes a directory that appears whole or not at all: `fill` writes into a temporary one beside it, which is synced and
 * then renamed. If `fill` throws, nothing has changed.
 * @param options `replace` (true): whether what is at `target` is replaced; otherwise only an empty directory is, and
 * anything else is an error, even where another process has just put it there.
 */
export function stageDirectory(
  target: string,
  fill: (staging: string) => void,
  { replace = true }: { readonly replace?: boolean } = {},
): void {
  makeFolder(dirname(target));
  removeLeftovers(target);
  using claim = Claim.make(() => temporaryBeside(target));
  const staging = claim.path;
  try {
    {
      using _later = syncLater(staging);
      fill(staging);
    }
    publishDirectory(staging, target, { replace });
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
}

/** Gives a directory that is complete its name, once all of it is on the disk; what had that name before is deleted. */
export function publishDirectory(
  staging: string,
  target: string,
  { replace = true }: { readonly replace?: boolean } = {},
): void {
  const parent = dirname(target);
  makeFolder(parent);
  syncTree(staging);
  if (replace && existsSync(target)) {
    exchange(staging, target);
    return;
  }
  // the system refuses to rename onto a directory that is not empty
  renameSync(staging, target);
  syncFolder(parent);
}

/**
 * Puts `staging` in the place of `target`, and deletes what was there: only once the exchange is on the disk, since
 * otherwise a power cut could leave the old directory its name, and half of its files.
 */
function exchange(staging: string, target: string): void {
  // a directory cannot be renamed onto a full one
  let old = staging;
  if (!torch.files.exchangePaths(staging, target)) {
    // where paths cannot be exchanged, a crash between the two renames leaves both under temporary names
    old = temporaryBeside(target);
    renameSync(target, old);
    renameSync(staging, target);
  }
  syncFolder(dirname(target));
  if (dirname(staging) !== dirname(target)) syncFolder(dirname(staging));
  discard(old);
}

/** Deletes a directory that readers never see half deleted, not even after a power cut. */
export function removeDirectory(path: string): void {
  const leaving = temporaryBeside(path);
  renameSync(path, leaving);
  syncFolder(dirname(path));
  discard(leaving);
}

/** Deletes what interrupted writers left in `directory`, and the directories in it. */
export function removeTemporaryBelow(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.name.startsWith(TEMPORARY)) rmSync(path, { recursive: true, force: true });
    else if (entry.isDirectory()) removeTemporaryBelow(path);
  }
}

/** Deletes the files that interrupted writers left in `directory`; directories are those of other writers. */
export function removeTemporaryFiles(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isFile() && entry.name.startsWith(TEMPORARY)) rmSync(join(directory, entry.name), { force: true });
  }
}

/** Deletes what an interrupted {@link stageDirectory} of the same target left beside it; not what one in progress writes. */
function removeLeftovers(target: string): void {
  const prefix = `${TEMPORARY}${basename(target)}-`;
  for (const name of readdirSync(dirname(target))) {
    if (!name.startsWith(prefix) || !/^[0-9a-f]{8}$/.test(name.slice(prefix.length))) continue;
    discardForgotten(join(dirname(target), name));
  }
}
