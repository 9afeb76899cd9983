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
  const lines = found.slice(0, SHOWN).map((line) => `\n  ${line}`);
  const more = found.length > SHOWN ? `\n  and ${found.length - SHOWN} more` : "";
  throw new ConfigError(
    `${maps} was made with other options:${lines.join("")}${more}\nPass the same ones, or choose another path; Trainer.fromMaps opens it with its own.`,
  );
}

function readValue(file: string): JsonValue {
  try {
    return parseJson(readFileSync(file, "utf8")) as JsonValue;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NotInterpretableJsonError(`${file} is not valid JSON (${why}). Restore it.`, { cause: error });
  }
}

/** One line per value that differs: `optimization.num_epochs: 10 in the MAPS, 20 given`. */
export function differences(path: string, recorded: JsonValue | undefined, given: JsonValue | undefined): string[] {
  if (isContainer(recorded) && isContainer(given) && Array.isArray(recorded) === Array.isArray(given)) {
    const [a, b] = [new Map(Object.entries(recorded)), new Map(Object.entries(given))];
    const keys = new Set([...a.keys(), ...b.keys()]);
    return [...keys].flatMap((key) => differences(`${path}.${key}`, a.get(key), b.get(key)));
  }
  if (Object.is(recorded, given)) return [];
  return [`${path}: ${shown(recorded)} in the MAPS, ${shown(given)} given`];
}

function isContainer(value: JsonValue | undefined): value is JsonValue[] | { [key: string]: JsonValue } {
  return typeof value === "object" && value !== null;
}

function shown(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
