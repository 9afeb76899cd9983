/**
 * Runs `body`, which works on an open file: errors of Node's calls on descriptors name no file, and get `path`.
 *
 * ```ts
 * naming("data.tsv", () => fsyncSync(descriptor)); // EIO: i/o error, fsync 'data.tsv'
 * ```
 */
export function naming<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof Error && "code" in error && !("path" in error)) {
      error.message += ` '${path}'`;
      Object.assign(error, { path });
    }
    throw error;
  }
}

/** Whether an error of the system says that a file or folder is not there. */
export function isNotThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** Whether an error is one that the system gave for a call. */
export function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && "code" in error && "syscall" in error;
}
