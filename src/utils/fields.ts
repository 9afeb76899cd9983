import { checkKeys, type JsonObject, type JsonValue } from "./config.ts";
import { snakeToCamel } from "./names.ts";

/** The fields of a serialised object, in camelCase; exactly these `keys` must be there, besides `name_`. */
export function readFields(what: string, dict: JsonObject, keys: readonly string[]): Record<string, JsonValue> {
  checkKeys(what, dict, keys);
  return Object.fromEntries(keys.map((key) => [snakeToCamel(key), dict[key] ?? null]));
}

/** Options that ClinicaDL does not have, in camelCase. */
export function readExtras(extras: JsonObject): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(extras).map(([key, value]) => [snakeToCamel(key), value]));
}
