import { type Dirent, readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { ScannedFile } from "./file-type.ts";
import { parseBidsName } from "./filename.ts";

export interface FoundFile extends ScannedFile {
  readonly path: string;
}

/** Every file with a BIDS name below `folder`; none where there is no such folder. Links to folders are not followed. */
export function scanFiles(folder: string): FoundFile[] {
  return entriesOf(folder, true).flatMap((entry): FoundFile[] => {
    if (entry.isDirectory()) return [];
    const name = parseBidsName(entry.name);
    if (name === null) return [];
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink() && leadsToFolder(path)) return [];
    const below = relative(folder, entry.parentPath);
    return [{ path, folder: below === "" ? "." : below.split(sep).join("/"), name }];
  });
}

/** Names of the folders directly in `folder` that begin with `prefix`, sorted. Links to folders count. */
export function foldersOf(folder: string, prefix: string): string[] {
  return entriesOf(folder, false)
    .filter((entry) => entry.name.startsWith(prefix))
    .filter((entry) => entry.isDirectory() || (entry.isSymbolicLink() && leadsToFolder(join(folder, entry.name))))
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
function leadsToFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
