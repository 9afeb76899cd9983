/** What Node's `fs` lacks. */
import { closeSync, openSync } from "node:fs";
import { getSystemErrorName } from "node:util";
import { systemError } from "../utils/system-error.ts";
import { native } from "./native.ts";

/**
 * Takes the lock of an open file or directory, which no other open file of the same path can take until this one is
 * closed, be it by the end of its process (`flock`).
 * @param options `shared` (false): several may hold it, as long as none holds it alone.
 * @returns "locked"; "taken" where it is held already; else why there can be no lock here.
 */
export function lockFile(descriptor: number, { shared = false }: { readonly shared?: boolean } = {}): string {
  return native.lockFile(descriptor, shared);
}

/** What says that the system or the file system has no exchange; containers answer EPERM to calls that they do not know. */
const NO_EXCHANGE: readonly string[] = ["EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EPERM"];

/**
 * Exchanges two paths in one step.
 * @returns false where the system or the file system cannot.
 * @throws the system's error, with its `code` and both paths, where it can and this exchange failed (`ENOENT`, `EIO`, …).
 */
export function exchangePaths(a: string, b: string): boolean {
  const errno = native.exchangePaths(a, b);
  if (errno === 0) return true;
  if (NO_EXCHANGE.includes(getSystemErrorName(-errno))) return false;
  throw systemError(errno, { syscall: "exchange", path: a, dest: b });
}

/** How many files are open at the same time: others need some, too. */
const TOGETHER = 64;

/**
 * Puts what was written in these files, and the names in these folders, on the disk, as `fsync` does: all of them at once, which takes
 * little longer than one of them.
 * @throws the system's error, with its `code` and the path, of the first that could not be; the others have been.
 */
export function syncAll(paths: readonly string[]): void {
  for (let start = 0; start < paths.length; start += TOGETHER) syncTogether(paths.slice(start, start + TOGETHER));
}

function syncTogether(paths: readonly string[]): void {
  using open = new DisposableStack();
  const descriptors = paths.map((path) => open.adopt(openSync(path, "r"), closeSync));
  const errors = native.syncAll(descriptors);
  const failed = errors.findIndex((errno) => errno !== 0);
  const [errno, path] = [errors[failed], paths[failed]];
  if (errno !== undefined && path !== undefined) throw systemError(errno, { syscall: "fsync", path });
}
