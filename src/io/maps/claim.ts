import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, rmSync } from "node:fs";
import * as torch from "../../torch/index.ts";
import { isNotThere, naming } from "../../utils/file-errors.ts";

/** How old a temporary directory must be to be nobody's any more, where a file system has no locks to tell. */
const FORGOTTEN_MS = 24 * 3600 * 1000;

/** A temporary directory that its maker holds, by a lock that ends with its process: nobody else deletes it. */
export class Claim implements Disposable {
  readonly path: string;
  /** False where the file system has no locks. */
  readonly certain: boolean;
  readonly #descriptor: number;

  private constructor(path: string, descriptor: number, certain: boolean) {
    this.path = path;
    this.#descriptor = descriptor;
    this.certain = certain;
  }

  /** Makes a directory under a name that `name` gives. */
  static make(name: () => string): Claim {
    for (;;) {
      const path = name();
      mkdirSync(path);
      // someone who looks for leftovers may have come between
      const claim = Claim.of(path);
      if (claim !== null) return claim;
    }
  }

  /** Null where another one holds the directory, or there is none of that name any more. */
  static of(path: string): Claim | null {
    const { O_RDONLY, O_DIRECTORY = 0, O_NOFOLLOW = 0 } = constants;
    let descriptor: number;
    try {
      descriptor = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    } catch (error) {
      if (isNotThere(error)) return null;
      throw error;
    }
    let held = false;
    try {
      const result = naming(path, () => torch.files.lockFile(descriptor));
      const now = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      const { dev, ino } = naming(path, () => fstatSync(descriptor, { bigint: true }));
      if (result === "taken" || now?.dev !== dev || now.ino !== ino) return null;
      held = true;
      return new Claim(path, descriptor, result === "locked");
    } finally {
      if (!held) naming(path, () => closeSync(descriptor));
    }
  }

  [Symbol.dispose](): void {
    naming(this.path, () => closeSync(this.#descriptor));
  }
}

/** Deletes a temporary file or directory for which nothing has any use; one that another process is deleting is left to it. */
export function discard(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  using claim = stat.isDirectory() ? Claim.of(path) : null;
  if (claim !== null || !stat.isDirectory()) rmSync(path, { recursive: true, force: true });
}

/** {@link discard} of what a process left that has ended; what its maker still holds stays. */
export function discardForgotten(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  using claim = stat.isDirectory() ? Claim.of(path) : null;
  if (stat.isDirectory() && claim === null) return;
  if (claim?.certain === false && Date.now() - stat.mtimeMs < FORGOTTEN_MS) return;
  rmSync(path, { recursive: true, force: true });
}
