import { existsSync, readFileSync } from "node:fs";
import { formatJson, parseJson } from "../io/json/index.ts";
import type { JsonObject, JsonValue } from "../utils/config.ts";
import { ConfigError, NotInterpretableJsonError } from "../utils/exceptions.ts";

/** One file of a MAPS, and what would be written into it now. */
export interface Described {
  /** How messages call it: `optimization`. */
  readonly what: string;
  readonly file: string;
  readonly now: JsonObject | string;
}

const SHOWN = 20;

/** @throws ConfigError listing where what is given differs from what a MAPS records. */
export function checkSame(maps: string, parts: readonly Described[]): void {
  const found = parts.flatMap(({ what, file, now }) =>
    // as it would be read: a model of one's own is a text, floats are written as such
    existsSync(file) ? differences(what, readValue(file), parseJson(formatJson(now)) as JsonValue) : [],
  );
  if (found.length === 0) return;
  const lines = found
    .slice(0, SHOWN)
    .map(({ path, values: [recorded, given] }) => `\n  ${path}: ${shown(recorded)} in the MAPS, ${shown(given)} given`);
  const more = found.length > SHOWN ? `\n  and ${found.length - SHOWN} more` : "";
  throw new ConfigError(
    `${maps} was made with other options:${lines.join("")}${more}\nPass the same ones, or choose another path; Trainer.fromMaps opens it with its own.`,
  );
}

/** What a JSON file of a MAPS says. @throws NotInterpretableJsonError for one that is damaged. */
export function readValue(file: string): JsonValue {
  try {
    return parseJson(readFileSync(file, "utf8")) as JsonValue;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NotInterpretableJsonError(`${file} is not valid JSON (${why}). Restore it.`, { cause: error });
  }
}

/** A value that two descriptions have differently; undefined where one of them has none. */
export interface Difference {
  /** Its keys, as `optimization.num_epochs`. */
  readonly path: string;
  readonly values: readonly [JsonValue | undefined, JsonValue | undefined];
}

/** The values in which two descriptions differ. @param path how the keys begin. */
export function differences(path: string, a: JsonValue | undefined, b: JsonValue | undefined): Difference[] {
  if (isContainer(a) && isContainer(b) && Array.isArray(a) === Array.isArray(b)) {
    const [one, other] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
    const keys = new Set([...one.keys(), ...other.keys()]);
    return [...keys].flatMap((key) => differences(`${path}.${key}`, one.get(key), other.get(key)));
  }
  return Object.is(a, b) ? [] : [{ path, values: [a, b] }];
}

function isContainer(value: JsonValue | undefined): value is JsonValue[] | { [key: string]: JsonValue } {
  return typeof value === "object" && value !== null;
}

/** A value in a message, which may be cut. */
export function shown(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
