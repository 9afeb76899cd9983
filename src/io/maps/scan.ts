import { existsSync, readdirSync } from "node:fs";
import { ClinicaDLException } from "../../utils/exceptions.ts";

/** The directories in a directory, sorted, without hidden ones; none if there is no such directory. */
export function directoriesIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
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
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
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

/** @throws ClinicaDLException unless `name` can be part of a directory name that is split at `-` when read. */
export function checkItemName(what: string, name: string): void {
  if (typeof name === "string" && /^[^\s/\\.-][^/\\-]*$/.test(name)) return;
  throw new ClinicaDLException(
    `${what} is named '${name}', which cannot be the name of a directory in a MAPS. Use letters, digits and '_', and no '-'.`,
  );
}
