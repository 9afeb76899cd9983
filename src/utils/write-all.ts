import { writeSync } from "node:fs";

/** One write call takes at most 2 GiB. */
const LIMIT = 1 << 30;

/**
 * Writes all of `data`: a system may take a part of it at a time, as it does when a disk is almost full, and says what is wrong
 * at the next one.
 * @param at where in the file. Default: where it stands, or at the end of a file that was opened to append.
 * @throws Node's own error.
 */
export function writeAll(descriptor: number, data: string | Uint8Array, at: number | null = null): void {
  const bytes = typeof data === "string" ? Buffer.from(data, "utf8") : data;
  for (let done = 0; done < bytes.length; ) {
    const most = Math.min(bytes.length - done, LIMIT);
    done += writeSync(descriptor, bytes, done, most, at === null ? null : at + done);
  }
}
