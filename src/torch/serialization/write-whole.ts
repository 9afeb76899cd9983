import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { naming } from "../../utils/file-errors.ts";
import type { FileSum } from "../../utils/file-sum.ts";
import { isSyncedLater } from "../../utils/sync-later.ts";
import { systemError } from "../../utils/system-error.ts";
import { native, type SumHandle } from "../native.ts";
import { copyPart, lengthOf, type Part, spanOf } from "./parts.ts";

/** Writes the chunks beside `path`, then renames; on an error nothing is left behind. */
export function writeWhole(path: string, chunks: Iterable<Part>): void {
  write(path, chunks, null);
}

/**
 * As {@link writeWhole}; the checksum is that of the bytes in memory, taken while they are written.
 * @returns null where this Node.js keeps its OpenSSL to itself.
 */
export function writeSummed(path: string, chunks: Iterable<Part>): FileSum | null {
  const sum = native.makeSum();
  const size = write(path, chunks, sum);
  return sum === null ? null : { size, sha256: native.finishSum(sum) };
}

/** @returns how many bytes. */
function write(path: string, chunks: Iterable<Part>, sum: SumHandle | null): number {
  const temporary = join(dirname(path), `.tmp-${randomBytes(6).toString("hex")}-${basename(path)}`);
  const fd = openSync(temporary, "wx");
  let size = 0;
  try {
    naming(temporary, () => {
      try {
        for (const part of gathered(chunks)) {
          const errno = native.writeBytes(fd, spanOf(part), sum);
          if (errno !== 0) throw systemError(errno, { syscall: "write", path: temporary });
          size += lengthOf(part);
        }
        if (!isSyncedLater(path)) fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return size;
}

/** Small chunks together, so that the file is written in few calls. */
function* gathered(chunks: Iterable<Part>): Generator<Part, void> {
  const buffer = Buffer.allocUnsafeSlow(GATHERED);
  let used = 0;
  for (const chunk of chunks) {
    const length = lengthOf(chunk);
    if (used > 0 && used + length > GATHERED) {
      yield buffer.subarray(0, used);
      used = 0;
    }
    if (length > GATHERED) {
      yield chunk;
      continue;
    }
    copyPart(chunk, buffer.subarray(used, used + length));
    used += length;
  }
  if (used > 0) yield buffer.subarray(0, used);
}

const GATHERED = 1 << 16;
