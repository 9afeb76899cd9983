import { createHash } from "node:crypto";
import { closeSync, existsSync, lstatSync, readdirSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { naming } from "../../utils/file-errors.ts";
import type { FileSum } from "../../utils/file-sum.ts";
import { openRegular, readRegular } from "../files/index.ts";
import { checkInside } from "./inside.ts";

/** The list of the files of a checkpoint; it begins with a dot so that ClinicaDL does not see it. */
export const MANIFEST = ".manifest.json";

const schema = z.object({
  files: z.record(z.string(), z.object({ size: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
});

function filesBelow(directory: string, prefix = ""): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) return filesBelow(join(directory, entry.name), `${path}/`);
    return path === MANIFEST ? [] : [path];
  });
}

/** @param limit how many bytes to read at most; one more says that there are more. */
function measure(path: string, chunk: Buffer, limit = Number.POSITIVE_INFINITY): FileSum {
  const hash = createHash("sha256");
  const fd = openRegular(path, { follow: false });
  let size = 0;
  try {
    while (size <= limit) {
      const count = naming(path, () => readSync(fd, chunk));
      if (count === 0) break;
      size += count;
      hash.update(chunk.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
  return { size, sha256: hash.digest("hex") };
}

function sumOf(path: string, known: ReadonlyMap<string, FileSum>, chunk: Buffer): FileSum {
  const sum = known.get(path);
  if (sum === undefined) return measure(path, chunk);
  const { size } = lstatSync(path);
  if (size === sum.size) return sum;
  throw new ClinicaDLException(
    `${path} has ${size} bytes, ${sum.size} were written: its disk has lost some, or something else has changed it. See that the disk is sound, and resume the training.`,
  );
}

/**
 * Writes down the size and the SHA-256 of every file below `directory`.
 * @param known those of files, by path, as they were taken of the bytes in memory. Such a file is not read: what it held by now
 * would be written down as right, whatever it is. That it has all of its bytes is looked at.
 * @throws ClinicaDLException where it has not.
 */
export function writeManifest(directory: string, known: ReadonlyMap<string, FileSum> = new Map()): void {
  const chunk = Buffer.allocUnsafe(1 << 20);
  const files = Object.fromEntries(
    filesBelow(directory)
      .sort()
      .map((path) => [path, sumOf(join(directory, path), known, chunk)]),
  );
  const path = join(directory, MANIFEST);
  naming(path, () => writeFileSync(path, `${JSON.stringify({ files }, null, 4)}\n`));
}

/**
 * What is wrong with `directory` according to its manifest: a sentence that names the file, or null. A checkpoint
 * without a manifest was written by ClinicaDL in Python, and cannot be verified.
 */
export function problemWith(directory: string): string | null {
  const path = join(directory, MANIFEST);
  if (!existsSync(path)) return null;
  const text = readable(path, () => readRegular(path, { follow: false }));
  if (text instanceof Unreadable) return text.message;
  const manifest = schema.safeParse(parsed(text));
  if (!manifest.success) return `${path} is not a manifest`;
  const chunk = Buffer.allocUnsafe(1 << 20);
  for (const [name, { size, sha256 }] of Object.entries(manifest.data.files)) {
    const file = join(directory, name);
    if (!isRelative(name)) return `${path} names ${JSON.stringify(name)}, which is not in ${directory}`;
    if (!existsSync(file)) return `${file} is missing`;
    const found = readable(file, () => {
      checkInside(directory, file);
      return measure(file, chunk, size);
    });
    if (found instanceof Unreadable) return found.message;
    if (found.size !== size)
      return `${file} has ${found.size > size ? "more" : found.size} bytes, ${size} were written`;
    if (found.sha256 !== sha256) return `${file} is not what was written (its checksum differs)`;
  }
  return null;
}

/** Whether a name of the manifest is one that it writes: from the directory down, in plain steps. */
function isRelative(name: string): boolean {
  return !/[\\\0]/.test(name) && name.split("/").every((step) => step !== "" && step !== "." && step !== "..");
}

/** A file that is there, and that the disk does not give. */
class Unreadable {
  readonly message: string;
  constructor(path: string, error: unknown) {
    this.message = `${path} cannot be read (${error instanceof Error ? error.message : error})`;
  }
}

function readable<T>(path: string, body: () => T): T | Unreadable {
  try {
    return body();
  } catch (error) {
    return new Unreadable(path, error);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no manifest either
  }
}
