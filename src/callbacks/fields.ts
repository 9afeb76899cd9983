import type { JsonObject, JsonValue } from "../utils/config.ts";
import { MissingFieldsError, WrongFieldsError } from "../utils/exceptions.ts";
import { snakeToCamel } from "../utils/names.ts";

/** The fields of a serialised object, in camelCase; exactly these `keys` must be there, besides `name_`. */
export function readFields(what: string, dict: JsonObject, keys: readonly string[]): Record<string, JsonValue> {
  const missing = keys.filter((key) => !(key in dict));
  if (missing.length > 0) throw new MissingFieldsError(`${what}: missing ${missing.map((k) => `'${k}'`).join(", ")}.`);
  const extra = Object.keys(dict).filter((key) => key !== "name_" && !keys.includes(key));
  if (extra.length > 0) throw new WrongFieldsError(`${what}: unknown ${extra.map((k) => `'${k}'`).join(", ")}.`);
  return Object.fromEntries(keys.map((key) => [snakeToCamel(key), dict[key] ?? null]));
}

/** Options that ClinicaDL does not have, in camelCase. */
export function readExtras(extras: JsonObject): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(extras).map(([key, value]) => [snakeToCamel(key), value]));
}
