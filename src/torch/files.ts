/** What Node's `fs` lacks. */
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

/** Exchanges two paths in one step. @returns false where the system or the file system cannot. */
export function exchangePaths(a: string, b: string): boolean {
  return native.exchangePaths(a, b);
}
