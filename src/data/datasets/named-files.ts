import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { JsonValue } from "../../utils/config.ts";

/** What looks like the path of a file, and not like a name or a word. */
const PATH = /[/\\.]/;

/** The absolute paths of the files that options name, wherever they stand in the JSON of these. */
export function filesNamedIn(value: JsonValue): string[] {
  if (typeof value === "string") {
    if (!PATH.test(value)) return [];
    const path = resolve(value);
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? [path] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((part) => (part === undefined ? [] : filesNamedIn(part)));
}
