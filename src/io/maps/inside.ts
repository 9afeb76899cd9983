/** Nothing outside a MAPS is written, cut, deleted or waited for because of what is in it. */
import { closeSync, constants, existsSync, fstatSync, ftruncateSync, lstatSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { z } from "zod";
import { naming } from "../../utils/file-errors.ts";
import { writeAll } from "../../utils/write-all.ts";
import { openRegular, readJson, writeJson } from "../files/index.ts";
import { ForeignEntryError, UnsafeMapsError } from "./errors.ts";
import { type Folder, type Layout, LEFTOVER } from "./layout.ts";
import { entriesOf, isPlainName, shownName } from "./scan.ts";

/** What a directory holds that it should not. */
interface Survey {
  /** What neither this program nor ClinicaDL made. Links do not count: nothing is lost when one is deleted. */
  readonly foreign: string[];
  /** What has the name of something that counts, and is a link, a pipe or the like, or cannot be shown. */
  readonly unsafe: string[];
}

function survey(directory: string, folder: Folder, found: Survey = { foreign: [], unsafe: [] }): Survey {
  const guests = folder === "own" ? new Set() : guestsOf(directory);
  for (const entry of entriesOf(directory)) {
    const path = join(directory, entry.name);
    if (LEFTOVER.test(entry.name)) continue;
    const inner = folder === "own" ? folder : folder.folders.find(([name]) => name.test(entry.name))?.[1];
    const isFileName = folder === "own" || folder.files.test(entry.name);
    const counts = inner !== undefined || isFileName;
    if (counts && !isPlainName(entry.name)) {
      found.unsafe.push(`${path} (a name with control characters)`);
    } else if (inner !== undefined && entry.isDirectory()) {
      survey(path, inner, found);
    } else if (counts && !entry.isFile() && !entry.isDirectory()) {
      found.unsafe.push(`${path} (${entry.isSymbolicLink() ? "a link" : "a pipe, a socket or a device"})`);
    } else if (!(isFileName && entry.isFile()) && !entry.isSymbolicLink() && !guests.has(entry.name)) {
      found.foreign.push(path);
    }
  }
  return found;
}

/** The list of what callbacks of one's own have put into a directory, while it was made. */
const GUESTS = join(".clinicadl-ts", "guests.json");

function guestsOf(directory: string): ReadonlySet<unknown> {
  const path = join(directory, GUESTS);
  if (!existsSync(path)) return new Set();
  const names = z.object({ names: z.array(z.string()) }).safeParse(readJson(path));
  return new Set(names.data?.names);
}

/** Writes down what callbacks have put into a directory that is complete: it may be deleted with the rest. */
export function recordGuests(directory: string, layout: Layout): void {
  const names = survey(directory, layout).foreign.map((path) => relative(directory, path));
  if (names.length > 0) writeJson(join(directory, GUESTS), { names });
}

function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, 10).map((path) => shownName(path));
  return `${shown.join(", ")}${paths.length > 10 ? `, and ${paths.length - 10} more` : ""}`;
}

/**
 * Checks that what counts in a directory of this layout are files and directories: behind a link is what is not the
 * MAPS's, and a pipe never ends.
 * @throws UnsafeMapsError listing what is not.
 */
export function checkSafe(directory: string, layout: Layout): void {
  const { unsafe } = survey(directory, layout);
  if (unsafe.length === 0) return;
  throw new UnsafeMapsError(
    `${directory} cannot be used: it holds ${listed(unsafe)}. Put the files themselves there, or delete these entries.`,
  );
}

/**
 * Checks that all that a directory holds is of this layout, so that it may be deleted. One that is not there may be.
 * @throws ForeignEntryError listing what is not; UnsafeMapsError
 */
export function checkOurs(directory: string, layout: Layout): void {
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    throw new UnsafeMapsError(
      `${directory} is ${stat.isSymbolicLink() ? "a link" : "no directory"}, so it is not deleted.`,
    );
  }
  const { foreign, unsafe } = survey(directory, layout);
  if (foreign.length > 0) {
    throw new ForeignEntryError(
      `${directory} is not deleted: it holds what neither this program nor ClinicaDL made: ${listed(foreign)}. Move that elsewhere first, or delete the directory yourself.`,
    );
  }
  if (unsafe.length > 0) throw new UnsafeMapsError(`${directory} is not deleted: it holds ${listed(unsafe)}.`);
}

/**
 * Checks that the directories from `root` down to that of `path` are no links.
 * @throws UnsafeMapsError naming the one that is, or `path` where it is not below `root`.
 */
export function checkInside(root: string, path: string): void {
  const steps = relative(root, path).split(sep);
  if (isAbsolute(relative(root, path)) || steps.includes("..")) {
    throw new UnsafeMapsError(`${shownName(path)} is not in ${root}.`);
  }
  let folder = root;
  for (const step of steps.slice(0, -1)) {
    folder = join(folder, step);
    if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
      throw new UnsafeMapsError(`${folder} is a link: what is behind it is not of ${root}.`);
    }
  }
}

/** Adds text to the end of a file of a MAPS, which is made where it is not there. */
export function appendInside(path: string, text: string): void {
  withFile(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, (descriptor) => {
    writeAll(descriptor, text);
  });
}

/** Cuts a file of a MAPS to `size` bytes, if it has more. */
export function cutInside(path: string, size: number): void {
  withFile(path, constants.O_RDWR, (descriptor) => {
    if (fstatSync(descriptor).size > size) ftruncateSync(descriptor, size);
  });
}

function withFile(path: string, flags: number, body: (descriptor: number) => void): void {
  const descriptor = openRegular(path, { flags, follow: false });
  naming(path, () => {
    try {
      body(descriptor);
    } finally {
      // a disk that is full may say so only now
      closeSync(descriptor);
    }
  });
}
