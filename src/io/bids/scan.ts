import { type Dirent, readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { ScannedFile } from "./file-type.ts";
import { parseBidsName } from "./filename.ts";

export interface FoundFile extends ScannedFile {
  readonly path: string;
}

/** The names of the files in one folder. Hundreds of thousands are remembered, so nothing more is kept of each. */
export interface FoundFolder {
  /** Where the search began. */
  readonly root: string;
  /** Relative to that, with `/`; "." for that folder itself. */
  readonly folder: string;
  readonly names: readonly string[];
}

/**
 * The folders at and below `root` that have files; none where there is no such folder. Links to folders directly in `root` are
 * followed, others are not.
 * @param wanted which of the folders directly in `root` to look into. Default: all, hidden ones too.
 */
export function scanFiles(root: string, wanted: (name: string) => boolean = () => true): FoundFolder[] {
  const entries = entriesOf(root, false);
  const below = folderNames(entries).filter(wanted);
  return [entries, ...below.map((name) => entriesOf(join(root, name), true))].flatMap((some) => grouped(root, some));
}

/** The files directly in the folder `name` of `root`, and nothing below it: one reading instead of two. */
export function scanFolder(root: string, name: string): FoundFolder[] {
  return grouped(root, entriesOf(join(root, name), false));
}

/** The files with a BIDS name, taken apart. */
export function filesOf({ root, folder, names }: FoundFolder): FoundFile[] {
  return names.flatMap((file): FoundFile[] => {
    const name = parseBidsName(file);
    return name === null ? [] : [{ path: join(root, folder, file), folder, name }];
  });
}

function grouped(root: string, entries: readonly Dirent[]): FoundFolder[] {
  const names = new Map<string, string[]>();
  for (const entry of entries) {
    if (isFolder(entry)) continue;
    const there = names.get(entry.parentPath);
    if (there === undefined) names.set(entry.parentPath, [entry.name]);
    else there.push(entry.name);
  }
  return [...names].map(([path, files]) => {
    const below = relative(root, path);
    return { root, folder: below === "" ? "." : below.split(sep).join("/"), names: files };
  });
}

/** Names of the folders among entries. Links to folders count. */
export function folderNames(entries: readonly Dirent[]): string[] {
  return entries.filter(isFolder).map((entry) => entry.name);
}

/** What is directly in `folder`; nothing where there is no such folder. */
export function entriesIn(folder: string): Dirent[] {
  return entriesOf(folder, false);
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
