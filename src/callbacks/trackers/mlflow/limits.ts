import type { JsonObject } from "../../../utils/config.ts";
import { flatten } from "../flatten.ts";

/** In one request; MLflow takes 1000 values in all, 1000 metrics, 100 parameters. */
export const MOST_METRICS = 1000;
export const MOST_PARAMETERS = 100;
const LONGEST_KEY = 250;
/** Servers before MLflow 2.8 take no more. */
const LONGEST_VALUE = 500;

/** A name of letters, digits and `_-. /:`, as MLflow wants it: other characters become `_` and their number. */
export function keyOf(name: string): string {
  const known = name.replace(/[^\p{L}\p{N}_\-. /:]/gu, (character) => `_${character.codePointAt(0)?.toString(16)}`);
  const parts = known.split("/").filter((part) => part !== "" && part !== "." && part !== "..");
  return parts.join("/").slice(0, LONGEST_KEY) || "_";
}

/** Configurations as parameters; long values are cut, and are whole among the artifacts. */
export function parametersOf(configs: Readonly<JsonObject>): { key: string; value: string }[] {
  return flatten(configs).map(([path, value]) => ({
    key: keyOf(path),
    value: value.length <= LONGEST_VALUE ? value : `${value.slice(0, LONGEST_VALUE - 1)}…`,
  }));
}

/** Arrays of at most so many. */
export function inChunks<T>(items: readonly T[], most: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, i) => items.slice(i * most, (i + 1) * most));
}
