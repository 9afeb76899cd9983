import { createHash, type Hash } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { naming } from "../../utils/file-errors.ts";
import type { FileSum } from "../../utils/file-sum.ts";
import { writeAll } from "../../utils/write-all.ts";
import { copyFileAtomic, linkOrCopy } from "../files/copy.ts";
import { makeFolder } from "../files/folders.ts";
import { parseTsv, readTsv } from "./read.ts";
import type { Row } from "./types.ts";
import { formatTsv, type TsvOptions } from "./write.ts";

const CHUNK = 1 << 20;

/**
 * A table that grows on the disk, so that it need not be held in memory, nor be written anew: rows are formatted once,
 * when they come. Its text is what {@link writeTsv} would write.
 *
 * The file itself is never synced: it is for making copies, and made again from one of them when a training goes on. A
 * copy shares the blocks of the file where the file system can do that (btrfs, XFS, APFS); elsewhere the system copies
 * from file to file, in a hundredth of the time that formatting takes. The checksum grows with the table.
 */
export class GrowingTable {
  readonly path: string;
  readonly columns: readonly string[];
  readonly #options: TsvOptions;
  readonly #header: string;
  #hash: Hash = createHash("sha256");
  #size = 0;
  /** The size of the last copy: one of the same size is the same. Null: there is none. */
  #copied: number | null = null;

  /** Begins a table; a file that is there is replaced. Its folder is made. */
  constructor(path: string, columns: readonly string[], options: TsvOptions = {}) {
    this.path = path;
    this.columns = columns;
    this.#options = options;
    this.#header = formatTsv([], columns);
    makeFolder(dirname(path));
    naming(path, () => writeFileSync(path, ""));
    this.#add(this.#header);
  }

  /** Goes on with a table that was written before, by whomever. Rows that have these columns already are not read. */
  static from(path: string, source: string, columns: readonly string[], options: TsvOptions = {}): GrowingTable {
    const table = new GrowingTable(path, columns, options);
    if (!table.#take(source)) table.append(readTsv(source));
    return table;
  }

  append(rows: readonly Row[]): void {
    this.#add(formatTsv(rows, this.columns, this.#options).slice(this.#header.length));
  }
  #add(text: string): void {
    const bytes = Buffer.from(text, "utf8");
    const descriptor = openSync(this.path, "r+");
    naming(this.path, () => {
      try {
        // what an addition that failed has left is not part of the table
        ftruncateSync(descriptor, this.#size);
        writeAll(descriptor, bytes, this.#size);
      } finally {
        closeSync(descriptor);
      }
    });
    this.#size += bytes.length;
    this.#hash.update(bytes);
  }

  /** Takes the bytes of a file as they are. @returns false if it has other columns, or its last row has no end. */
  #take(source: string): boolean {
    const header = Buffer.from(this.#header, "utf8");
    const hash = createHash("sha256");
    let [size, last] = [0, -1];
    for (const chunk of chunksOf(source)) {
      if (size === 0 && !chunk.subarray(0, header.length).equals(header)) return false;
      size += chunk.length;
      last = chunk.at(-1) ?? -1;
      hash.update(chunk);
    }
    if (last !== 10) return false;
    copyFileSync(source, this.path, constants.COPYFILE_FICLONE);
    this.#size = size;
    this.#copied = size;
    this.#hash = hash;
    return true;
  }

  /**
   * Copies what there is by now.
   * @param same the last copy (or what the table was made from), if it is still there: if nothing was added since, the new
   * one is a link to it. Default: null.
   */
  copyTo(path: string, same: string | null = null): FileSum {
    const found = statSync(this.path).size;
    if (found !== this.#size) {
      throw new ClinicaDLException(
        `${this.path} has ${found} bytes, ${this.#size} were written: something else has changed it. Resume the training: the table is made again from the last checkpoint.`,
      );
    }
    const isSame = same !== null && this.#copied === this.#size && sizeOf(same) === this.#size;
    if (isSame) linkOrCopy(same, path);
    else copyFileAtomic(this.path, path);
    this.#copied = this.#size;
    return { size: this.#size, sha256: this.#hash.copy().digest("hex") };
  }

  /** The last rows: those whose first column has this value. Nothing else is parsed. */
  lastRows(value: number | string): Row[] {
    const start = Buffer.from(`\n${value}\t`);
    let [text, offset] = [Buffer.of(), -1];
    for (const chunk of chunksOf(this.path)) {
      text = Buffer.concat([text, chunk]);
      if (offset < 0) {
        offset = text.indexOf(start);
        // the beginning of a row may be where two chunks meet
        text = text.subarray(offset < 0 ? Math.max(0, text.length - start.length) : offset + 1);
      }
    }
    if (offset < 0) return [];
    const rows = parseTsv(this.#header + text.toString("utf8"), this.path);
    const key = this.columns[0] ?? "";
    return rows.every((row) => row[key] === value) ? rows : readTsv(this.path).filter((row) => row[key] === value);
  }
}

function sizeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

function* chunksOf(path: string): Generator<Buffer> {
  const descriptor = openSync(path, "r");
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(CHUNK);
      const count = naming(path, () => readSync(descriptor, buffer));
      if (count === 0) return;
      yield buffer.subarray(0, count);
    }
  } finally {
    closeSync(descriptor);
  }
}
