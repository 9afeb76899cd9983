import { constants, copyFileSync, linkSync } from "node:fs";
import { isSyncedLater } from "../../utils/sync-later.ts";
import { replaceFile } from "./atomic.ts";
import { sync } from "./folders.ts";

/**
 * Copies a file, whole or not at all, as `writeFileAtomic` writes one; without its bytes passing through this process,
 * and where the file system can, without their being copied.
 */
export function copyFileAtomic(source: string, target: string): void {
  replaceFile(target, (temporary) => {
    copyFileSync(source, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    if (!isSyncedLater(target)) sync(temporary);
  });
}

/** Gives a file a second name, which takes no room, and lasts: here, files are replaced, never written again. */
export function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EIO") throw error;
    copyFileSync(source, target, constants.COPYFILE_FICLONE); // a file system without links
  }
}
