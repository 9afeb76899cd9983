/** What Node's `fs` lacks. */
import { getSystemErrorMessage, getSystemErrorName } from "node:util";
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
  const code = getSystemErrorName(-errno);
  if (NO_EXCHANGE.includes(code)) return false;
  const error = new Error(`${code}: ${getSystemErrorMessage(-errno)}, exchange '${a}' -> '${b}'`);
  throw Object.assign(error, { code, errno: -errno, syscall: "exchange", path: a, dest: b });
}
