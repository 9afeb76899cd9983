import { closeSync, openSync, readlinkSync, readSync, type Stats, statSync } from "node:fs";

/** Pointers to content that is elsewhere are shorter than this. */
const POINTER_BYTES = 1024;

/**
 * What can be seen from outside to be wrong with a file that should hold data, with the remedy: it is not there, is a link
 * that leads nowhere, no regular file, empty, or a pointer of git-annex or Git LFS whose content was not fetched. Null when
 * nothing is.
 *
 * Costs one stat; only files of less than 1 KB are opened.
 */
export function contentProblem(path: string): string | null {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return missing(path);
    if (!stats.isFile()) return `it is ${kindOf(stats)}, not a file`;
    if (stats.size === 0) return "it is empty (0 bytes). Copy or download it again";
    return stats.size < POINTER_BYTES ? pointer(startOf(path), path) : null;
  } catch (error) {
    // no permission, links in a circle
    return error instanceof Error ? error.message : String(error);
  }
}

/** Why `stat` found nothing there. */
function missing(path: string): string {
  let target: string;
  try {
    target = readlinkSync(path);
  } catch {
    return "there is no such file";
  }
  const leads = `it is a link to ${target}, which does not exist`;
  // the objects of a clone, of a submodule, or of a clone on a file system without links
  return /[/\\]annex[/\\]objects[/\\]/.test(target) ? `${leads}: ${notFetched(path)}` : leads;
}

/** What else than a file it is. */
export function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a pipe";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

function notFetched(path: string): string {
  return `git-annex has not fetched it. Run, in the dataset's folder: datalad get ${path} (or git annex get)`;
}

function pointer(start: string, path: string): string | null {
  if (/^(\.{0,2}\/)?(.*\/)?annex\/objects\//.test(start)) return `it is a pointer to its content: ${notFetched(path)}`;
  if (!start.startsWith("version https://git-lfs.github.com/spec/")) return null;
  return "it is a pointer to its content, which Git LFS has not fetched. Run, in the dataset's folder: git lfs pull";
}

function startOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(200);
    return buffer.toString("latin1", 0, readSync(file, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(file);
  }
}
