import {
  type BigIntStats,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
} from "node:fs";
import { dirname } from "node:path";
import * as torch from "../../torch/index.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { naming } from "../../utils/file-errors.ts";
import { openRegular, syncFolder } from "../files/index.ts";
import { sign, signers } from "./lock-holders.ts";

/**
 * Something in a MAPS is in use by another process, or by another call in this one.
 * @example
 * ```ts
 * const { training } = new Maps("maps");
 * using lock = training.lockSplit(0);
 * try {
 *   training.lockSplit(0);
 * } catch (error) {
 *   console.log(error instanceof LockedError); // → true
 * }
 * ```
 */
export class LockedError extends ClinicaDLException {}

/** In a MAPS, the lock of all who use it. */
export const IN_USE = ".in-use.lock";

export interface LockOptions {
  /** Whether others may hold it, too, as long as none holds it alone. Default false. */
  readonly shared?: boolean;
  /** Whether the folder of the lock is made where it is not there; never those above it. Default true. */
  readonly makeFolder?: boolean;
}

/** The locks that this process holds, by device and inode of their files; a shared one several times. */
const heldHere = new Map<string, number>();

/**
 * A lock that is held until it is disposed or its process ends, in whatever way: a file whose content says who holds it.
 * The file stays; only the lock counts. Where a file system has no locks, this one is always granted.
 *
 * Once it is held, the file is still the one of that name: a lock in a directory that was replaced or deleted meanwhile
 * is not taken for one in the directory that is there now.
 * @example
 * ```ts
 * import { existsSync } from "node:fs";
 *
 * using lock = FileLock.await("table.lock", "The table");
 * console.log(existsSync("table.lock")); // → true
 * ```
 */
export class FileLock implements Disposable {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #id: string;
  #open = true;

  private constructor(path: string, descriptor: number, id: string) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#id = id;
    heldHere.set(id, (heldHere.get(id) ?? 0) + 1);
  }

  /** The lock, or null where it is held by someone else. */
  static tryAcquire(path: string, { shared = false, makeFolder: makes = true }: LockOptions = {}): FileLock | null {
    if (makes) makeFolder(dirname(path));
    for (;;) {
      const { descriptor, writable } = openLock(path, shared);
      let held = false;
      try {
        const result = naming(path, () => torch.files.lockFile(descriptor, { shared }));
        if (result === "taken") return null;
        const file = naming(path, () => fstatSync(descriptor, { bigint: true }));
        // another process replaced the directory while this one opened the file: begin again
        if (!sameFile(file, path)) continue;
        if (writable) naming(path, () => sign(descriptor, shared));
        held = true;
        return new FileLock(path, descriptor, idOf(file));
      } finally {
        if (!held) naming(path, () => closeSync(descriptor));
      }
    }
  }

  /** @throws LockedError saying that `what` is in use, and by whom. */
  static acquire(path: string, what: string, options: LockOptions = {}): FileLock {
    const lock = FileLock.tryAcquire(path, options);
    if (lock !== null) return lock;
    const { holders, here } = holdersOf(path);
    const remedy = here
      ? "That is this very process. Wait for its run to end: did you forget 'await' before train(…), resume(…), predict(…) or toTensors(…)?"
      : "Wait for it, or end it.";
    throw new LockedError(`${what} is in use by ${holders} (${path}). ${remedy}`);
  }

  /** As {@link acquire}, where others hold it for moments only: waits for it. */
  static await(
    path: string,
    what: string,
    { patience = 60_000, ...options }: LockOptions & { readonly patience?: number } = {},
  ): FileLock {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (let waited = 0; waited < patience; waited += 20) {
      const lock = FileLock.tryAcquire(path, options);
      if (lock !== null) return lock;
      Atomics.wait(pause, 0, 0, 20);
    }
    return FileLock.acquire(path, what, options);
  }

  /** Waits for the lock, which others hold for moments only, and holds it while `body` runs. */
  static hold<T>(
    path: string,
    body: () => T,
    options: Omit<LockOptions, "shared"> & { readonly patience?: number } = {},
  ): T {
    using _held = FileLock.await(path, "What several processes write in turn", options);
    return body();
  }

  /** Says to other machines, which cannot see this process, that it goes on. */
  touch(): void {
    const now = new Date();
    naming(this.#path, () => futimesSync(this.#descriptor, now, now));
  }

  /** To be inherited by a child process (`stdio`), which then holds the lock as well, for as long as it runs. */
  get descriptor(): number {
    return this.#descriptor;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    const count = heldHere.get(this.#id) ?? 0;
    if (count > 1) heldHere.set(this.#id, count - 1);
    else heldHere.delete(this.#id);
    naming(this.#path, () => closeSync(this.#descriptor));
  }
}

/** Not those above it: a MAPS that was deleted does not come back by a lock. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
    syncFolder(dirname(folder));
  } catch (error) {
    // a file system that is read only says so even of what exists
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" && !isReadOnly(error)) throw error;
  }
}

/** A lock is not followed where it is a link: what that points to would be emptied. */
function openLock(path: string, shared: boolean): { readonly descriptor: number; readonly writable: boolean } {
  try {
    return {
      descriptor: openRegular(path, { flags: constants.O_RDWR | constants.O_CREAT, follow: false }),
      writable: true,
    };
  } catch (error) {
    // someone who may only read a MAPS can keep it from being replaced meanwhile, where there is a lock
    if (!shared || !isReadOnly(error) || !existsSync(path)) throw error;
    return { descriptor: openRegular(path, { follow: false }), writable: false };
  }
}

/** Whether nothing can be written there: by this user, or by anyone. */
export function isReadOnly(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EACCES" || code === "EROFS" || code === "EPERM";
}

function idOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function sameFile(file: BigIntStats, path: string): boolean {
  const now = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return now !== undefined && idOf(now) === idOf(file);
}

/** Who holds a lock that was not granted, as far as its file says; and whether it is this process. */
function holdersOf(path: string): { readonly holders: string; readonly here: boolean } {
  let descriptor: number;
  try {
    descriptor = openRegular(path, { follow: false });
  } catch {
    return { holders: "another process", here: false }; // it has just let go
  }
  try {
    const here = heldHere.has(idOf(fstatSync(descriptor, { bigint: true })));
    const { all, own } = signers(descriptor);
    return { holders: (here && own.length > 0 ? own.slice(-1) : all).join("; ") || "another process", here };
  } finally {
    closeSync(descriptor);
  }
}
