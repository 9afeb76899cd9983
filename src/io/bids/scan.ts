import { type Dirent, readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { ScannedFile } from "./file-type.ts";
import { parseBidsName } from "./filename.ts";

export interface FoundFile extends ScannedFile {
  readonly path: string;
}

/**
 * Every file with a BIDS name below `folder`; none where there is no such folder. Links to folders directly in `folder` are
 * followed, others are not.
 * @param wanted which of the folders directly in `folder` to look into. Default: all, hidden ones too.
 */
export function scanFiles(folder: string, wanted: (name: string) => boolean = () => true): FoundFile[] {
  const entries = entriesOf(folder, false);
  const folders = entries.filter((entry) => isFolder(entry)).map((entry) => entry.name);
  return [
    ...found(folder, entries),
    ...folders.filter(wanted).flatMap((name) => found(folder, entriesOf(join(folder, name), true))),
  ];
}

/** The entries that are files with BIDS names; their folder is relative to `root`. */
function found(root: string, entries: readonly Dirent[]): FoundFile[] {
  return entries.flatMap((entry): FoundFile[] => {
    if (isFolder(entry)) return [];
    const name = parseBidsName(entry.name);
    if (name === null) return [];
    const below = relative(root, entry.parentPath);
    return [
      { path: join(entry.parentPath, entry.name), folder: below === "" ? "." : below.split(sep).join("/"), name },
    ];
  });
}

/** Names of the folders directly in `folder`, sorted, without hidden ones. Links to folders count. */
export function foldersIn(folder: string): string[] {
  return entriesOf(folder, false)
    .filter((entry) => !entry.name.startsWith("."))
    .filter(isFolder)
    .map((entry) => entry.name)
    .sort();
}

function entriesOf(folder: string, recursive: boolean): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}

/** A link that leads nowhere (as in an unfetched DataLad dataset) counts as a file: reading it will say so. */
function isFolder(entry: Dirent): boolean {
  if (entry.isDirectory()) return true;
  if (!entry.isSymbolicLink()) return false;
  return statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false;
}
