import { resolve, sep } from "node:path";

const folders = new Set<string>();

/**
 * Until it is disposed, nothing below `folder` is synced file by file: it has a name that counts for nothing, and whoever
 * gives it another one syncs all of it before, once.
 */
export function syncLater(folder: string): Disposable {
  const path = resolve(folder);
  folders.add(path);
  return { [Symbol.dispose]: () => folders.delete(path) };
}

/** Whether `path` is in a folder that is synced as a whole later: see {@link syncLater}. */
export function isSyncedLater(path: string): boolean {
  if (folders.size === 0) return false;
  const whole = resolve(path);
  return [...folders].some((folder) => whole === folder || whole.startsWith(`${folder}${sep}`));
}
