/** What Node's `fs` lacks. */
import { native } from "./native.ts";

/**
 * Takes the lock of an open file, which no other open file of the same path can take until this one is closed, be it
 * by the end of its process (`flock`).
 * @returns "locked"; "taken" where it is held already; else why there can be no lock here.
 */
export function lockFile(descriptor: number): string {
  return native.lockFile(descriptor);
}

/** Exchanges two paths in one step. @returns false where the system or the file system cannot. */
export function exchangePaths(a: string, b: string): boolean {
  return native.exchangePaths(a, b);
}
