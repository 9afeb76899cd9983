import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import process from "node:process";
import * as torch from "../../torch/index.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { naming } from "../../utils/file-errors.ts";
import { makeFolder } from "../files/index.ts";

/** Something in a MAPS is in use by another process, or by this one. */
export class LockedError extends ClinicaDLException {}

/** The locks of this process: a lock says which process holds it, which is not enough where process numbers come again. */
const ours = new Set<string>();
const identity = ({ dev, ino }: { readonly dev: number; readonly ino: number }) => `${dev}:${ino}`;

/**
 * A lock that is held until it is disposed or its process ends, in whatever way: a file whose content says who holds it.
 * The file stays; only the lock counts. Where a file system has no locks, this one is always granted.
 */
export class FileLock implements Disposable {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #identity: string;

  private constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#identity = identity(fstatSync(descriptor));
    ours.add(this.#identity);
  }

  /** The lock, or null where it is held by someone else. */
  static tryAcquire(path: string): FileLock | null {
    makeFolder(dirname(path));
    const descriptor = openSync(path, "a+");
    let held = false;
    return naming(path, () => {
      try {
        if (torch.files.lockFile(descriptor) === "taken") return null;
        ftruncateSync(descriptor);
        writeSync(descriptor, `process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}\n`);
        held = true;
        return new FileLock(path, descriptor);
      } finally {
        if (!held) closeSync(descriptor);
      }
    });
  }

  /** @throws LockedError saying that `what` is in use, and by whom. */
  static acquire(path: string, what: string): FileLock {
    const lock = FileLock.tryAcquire(path);
    if (lock !== null) return lock;
    const holder = readFileSync(path, "utf8").trim();
    const remedy = ours.has(identity(statSync(path)))
      ? "That is this very process. Wait for its run to end: did you forget 'await' before train(…), resume(…) or predict(…)?"
      : "Wait for it, or end it.";
    throw new LockedError(`${what} is in use by ${holder} (${path}). ${remedy}`);
  }

  /** Waits for the lock, which others hold for moments only, and holds it while `body` runs. */
  static hold<T>(path: string, body: () => T, { patience = 60_000 }: { readonly patience?: number } = {}): T {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    let lock = FileLock.tryAcquire(path);
    for (let waited = 0; lock === null && waited < patience; waited += 20) {
      Atomics.wait(pause, 0, 0, 20);
      lock = FileLock.tryAcquire(path);
    }
    using _held = lock ?? FileLock.acquire(path, "What several processes write in turn");
    return body();
  }

  [Symbol.dispose](): void {
    ours.delete(this.#identity);
    naming(this.#path, () => closeSync(this.#descriptor));
  }
}
