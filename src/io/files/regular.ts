import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { naming } from "../../utils/file-errors.ts";
import { decodeText } from "../../utils/text.ts";
import { kindOf } from "./content.ts";

/** What should be a regular file is a pipe, a device, a directory, or (where none is followed) a link. */
export class NotRegularFileError extends ClinicaDLException {}

/** The operating system reads less than 2 GiB at a time. */
const PART = 2 ** 30;

// Windows has neither
const { O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;

export interface OpenOptions {
  /** Flags of `open` beside those that are always there. Default: to read. */
  readonly flags?: number;
  /** Whether a link is followed. Default true. */
  readonly follow?: boolean;
}

/**
 * Opens a regular file. A pipe, on which an ordinary `open` would wait for ever, and a device, which never ends, are
 * errors.
 * @returns the descriptor.
 * @throws NotRegularFileError; a missing file is node's own ENOENT error, which names it.
 */
export function openRegular(path: string, { flags = constants.O_RDONLY, follow = true }: OpenOptions = {}): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, flags | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW), 0o666);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what =
      code === "ELOOP" ? "a link" : code === "ENXIO" ? "a pipe or a socket" : code === "EISDIR" ? "a folder" : null;
    if (what === null) throw error;
    throw notRegular(path, what, error);
  }
  const stats = naming(path, () => fstatSync(descriptor));
  if (stats.isFile()) return descriptor;
  closeSync(descriptor);
  throw notRegular(path, kindOf(stats));
}

function notRegular(path: string, what: string, cause?: unknown): NotRegularFileError {
  const code = what === "a folder" ? "EISDIR: " : "";
  return new NotRegularFileError(`${code}${path} is ${what}, not a file. Put the file itself there, or delete it.`, {
    cause,
  });
}

/** The text of a regular file (see `decodeText` for its encoding), up to the size that it has when it is opened. */
export function readRegular(path: string, { follow = true }: Pick<OpenOptions, "follow"> = {}): string {
  using file = new RegularFile(path, { follow });
  const bytes = Buffer.alloc(file.size);
  const used = naming(path, () => file.read(bytes, 0));
  return decodeText(bytes.subarray(0, used), path);
}

/** A regular file, open for reading. Pipes and devices, which may never end, are refused. */
export class RegularFile implements Disposable {
  readonly size: number;
  readonly #file: number;

  /** @throws NotRegularFileError for a folder, a pipe or a device; Node's own error when it cannot be opened. */
  constructor(path: string, options: Pick<OpenOptions, "follow"> = {}) {
    this.#file = openRegular(path, options);
    this.size = naming(path, () => fstatSync(this.#file).size);
  }

  /**
   * Fills `target` from `position` on, in parts where it is large.
   * @returns how many bytes came: fewer when the file ends before.
   */
  read(target: Uint8Array, position: number, part = PART): number {
    let done = 0;
    while (done < target.length) {
      const got = readSync(this.#file, target, done, Math.min(part, target.length - done), position + done);
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
