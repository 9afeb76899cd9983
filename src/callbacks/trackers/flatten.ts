import type { JsonObject, JsonValue } from "../../utils/config.ts";

/**
 * The values of nested objects by their paths: `{ model: { network: { dropout: 0.1 } } }` becomes `model.network.dropout` = `0.1`. Arrays
 * of plain values are one value; in others, each item has its number: `callbacks.0.patience`.
 */
export function flatten(value: JsonObject): [path: string, value: string][] {
  return Object.entries(value).flatMap(([key, each]) => flattened(key, each));
}

function flattened(path: string, value: JsonValue): [string, string][] {
  if (typeof value !== "object" || value === null) return [[path, String(value)]];
  const entries = Object.entries(value);
  const isPlain = Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null);
  if (isPlain || entries.length === 0) return [[path, JSON.stringify(value)]];
  return entries.flatMap(([key, each]) => flattened(`${path}.${key}`, each));
}
