import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { kindOf } from "./content.ts";

/** The operating system reads less than 2 GiB at a time. */
const PART = 2 ** 30;

/** A regular file, open for reading. Pipes and devices, which may never end, are refused. */
export class RegularFile implements Disposable {
  readonly size: number;
  readonly #file: number;

  /** @throws Error when it cannot be opened, or is a folder, a pipe or a device. */
  constructor(path: string) {
    // without it, opening a pipe waits for a writer
    this.#file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = fstatSync(this.#file);
      if (!stats.isFile()) throw new Error(`it is ${kindOf(stats)}, not a file`);
      this.size = stats.size;
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
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
