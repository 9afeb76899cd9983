import { existsSync, readdirSync } from "node:fs";
import { show } from "../../utils/config.ts";
import { ClinicaDLException, ConfigError } from "../../utils/exceptions.ts";
import { isNotThere } from "../../utils/file-errors.ts";
import { hasControlCharacters, visible } from "../../utils/visible.ts";

/** An entry of a directory: what is used of Node's `Dirent`, whose types a user's project need not have. */
export interface Entry {
  readonly name: string;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** What a directory holds; nothing if there is none, or another process has just deleted it. */
export function entriesOf(directory: string): Entry[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (isNotThere(error)) return [];
    throw error;
  }
}

/** The directories in a directory, sorted, without hidden ones; none if there is no such directory. */
export function directoriesIn(directory: string): string[] {
  return entriesOf(directory)
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .sort();
}

/** The entries `<prefix>-<name>` of a directory, without the prefix, sorted; none if there is no such directory. */
export function namesIn(directory: string, prefix: string): string[] {
  return directoriesIn(directory)
    .filter((name) => name.startsWith(`${prefix}-`))
    .map((name) => name.slice(prefix.length + 1));
}

/** The entries `<prefix>-<number>` of a directory, as numbers in ascending order. */
export function indicesIn(directory: string, prefix: string): number[] {
  return namesIn(directory, prefix)
    .flatMap((name) => indexOf(name) ?? [])
    .sort((a, b) => a - b);
}

/** @throws ClinicaDLException naming the first of `paths` that does not exist. */
export function demand(paths: readonly string[], what: string): void {
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined) {
    throw new ClinicaDLException(
      `${what} is incomplete: ${missing} is missing. Restore it, or delete what it belongs to.`,
    );
  }
}

/** Runs `check`; what it says of a directory that another process has meanwhile deleted does not count. */
export function ifThere(directory: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (existsSync(directory)) throw error;
  }
}

/** The number that is written `text`; null for all other texts, such as `007`, and for numbers that cannot be counted to. */
export function indexOf(text: string): number | null {
  return /^(?:0|[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null;
}

/** In bytes; the name of a group and of a metric stand in the name of one file, which has 255 at most. */
const LONGEST = 100;

/** Whether a text can be shown as it is: no line breaks, no control characters, nothing that turns the direction of text. */
export function isPlainName(text: string): boolean {
  return !hasControlCharacters(text);
}

/** A name as it can be shown; long ones are cut. */
export function shownName(text: string): string {
  const shown = visible(text);
  return shown.length > 1000 ? `${shown.slice(0, 1000)}…` : shown;
}

/** @throws ConfigError unless `name` can be part of the name of a file: no separators, nothing that cannot be shown. */
export function checkFileName(what: string, name: unknown): void {
  const problem = fileNameProblem(name);
  if (problem === null) return;
  throw new ConfigError(`${what} is named ${shownValue(name)}, which cannot be in the name of a file: ${problem}.`);
}

/** @throws ConfigError unless `name` can be part of a directory name that is split at `-` when read. */
export function checkItemName(what: string, name: unknown): void {
  const problem = fileNameProblem(name);
  if (problem === null && typeof name === "string" && !/-|^\s/.test(name)) return;
  throw new ConfigError(
    `${what} is named ${shownValue(name)}, which cannot be the name of a directory in a MAPS${problem === null ? "" : `: ${problem}`}. Use letters, digits and '_', and no '-'.`,
  );
}

/** @throws ConfigError unless `name` can be that of a column of the tables in a MAPS. */
export function checkColumnName(what: string, name: string): void {
  const reserved = name in Object.prototype;
  if (isPlainName(name) && name !== "" && !reserved) return;
  const why =
    name === "" ? "which is empty" : reserved ? "which every object of JavaScript has" : "which has control characters";
  throw new ConfigError(`${what} is named ${shownValue(name)}, ${why}. Choose another name.`);
}

function fileNameProblem(name: unknown): string | null {
  if (typeof name !== "string") return "it is no text";
  if (name === "") return "it is empty";
  if (!isPlainName(name)) return "it has control characters";
  if (/[/\\]/.test(name)) return "it has a '/' or '\\'";
  if (name.startsWith(".")) return "it begins with '.'";
  if (name in Object.prototype) return "every object of JavaScript has that name";
  const bytes = Buffer.byteLength(name);
  return bytes > LONGEST ? `it has ${bytes} bytes, and may have ${LONGEST}` : null;
}

function shownValue(name: unknown): string {
  if (typeof name !== "string") return show(name);
  const shown = shownName(name);
  return `'${shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown}'`;
}
