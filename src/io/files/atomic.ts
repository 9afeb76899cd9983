import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { naming } from "../../utils/file-errors.ts";
import { isSyncedLater } from "../../utils/sync-later.ts";
import { makeFolder, syncFolder } from "./folders.ts";

/** A file that must not be replaced is already there. */
export class FileExistsError extends ClinicaDLException {}

export interface WriteOptions {
  /** Whether a file that is already there may be replaced. Default true. */
  readonly overwrite?: boolean;
}

/**
 * Writes a whole file, or nothing: readers see the old content or the new one, also after a power cut.
 *
 * The bytes go to a temporary file in the same folder (`.tmp-…`, which no reader of a MAPS takes for one of its own),
 * are synced to the disk, and the file is renamed; then the folder is synced. Parent folders are made. Permissions
 * follow the umask. In a folder that is synced as a whole later, nothing is synced here.
 *
 * @throws FileExistsError when the file is there and `overwrite` is false.
 */
export function writeFileAtomic(
  path: string,
  content: Uint8Array | string,
  { overwrite = true }: WriteOptions = {},
): void {
  if (!overwrite && existsSync(path)) {
    throw new FileExistsError(`${path} already exists. Pass overwrite: true to replace it.`);
  }
  replaceFile(path, (temporary) => {
    const file = openSync(temporary, "wx", 0o666);
    naming(temporary, () => {
      try {
        writeFileSync(file, content);
        if (!isSyncedLater(path)) fsyncSync(file);
      } finally {
        closeSync(file);
      }
    });
  });
}

/** Gives a file its name once `write` has made it, synced, under another; if `write` throws, nothing has changed. */
export function replaceFile(path: string, write: (temporary: string) => void): void {
  const folder = dirname(path);
  makeFolder(folder);
  const temporary = join(folder, temporaryName(basename(path)));
  try {
    write(temporary);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** A name beside which no other writer, in this process or another, can choose the same. */
export function temporaryName(name: string): string {
  return `.tmp-${process.pid}-${randomBytes(6).toString("hex")}-${name}`.slice(0, 200);
}
