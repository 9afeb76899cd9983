/** What travels to a worker thread: nothing but what can be cloned, and where the classes are that build it again. */
import { ConfigError } from "../../utils/exceptions.ts";
import type { ModuleExport } from "../../utils/module-export.ts";

/** A dataset on its way to a worker thread. */
export interface PortableDataset {
  /** Its class: one of this package by its name, one of one's own by the module that exports it. */
  readonly source: { readonly name_: string } | ModuleExport;
  /** What its class makes it of. */
  readonly content: unknown;
}

/**
 * Checks that options can be cloned as they are: functions cannot, and an object of a class would arrive without it.
 * @param what whose options they are, for messages.
 * @throws ConfigError naming the option.
 */
export function checkCloneable(what: string, options: object): void {
  for (const [name, value] of Object.entries(options)) {
    const found = notCloneable(value);
    if (found === null) continue;
    throw new ConfigError(
      `${what} cannot travel to a worker thread: its option '${name}' holds ${found}. Give it numbers, texts, arrays and plain objects (paths instead of what is in the files), or use numWorkers: 0.`,
    );
  }
}

const CLONED: readonly (abstract new (...args: never) => object)[] = [Date, RegExp, ArrayBuffer, SharedArrayBuffer];

/** What cannot be cloned in a value; null where all of it can. */
function notCloneable(value: unknown): string | null {
  if (typeof value === "function") return `the function '${value.name}'`;
  if (typeof value === "symbol") return "a symbol";
  if (typeof value !== "object" || value === null) return null;
  if (ArrayBuffer.isView(value) || CLONED.some((Class) => value instanceof Class)) return null;
  if (Array.isArray(value) || value instanceof Set) return firstOf([...value]);
  if (value instanceof Map) return firstOf([...value.keys(), ...value.values()]);
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto === Object.prototype || proto === null) return firstOf(Object.values(value));
  return `an object of the class ${value.constructor.name}`;
}

function firstOf(values: readonly unknown[]): string | null {
  for (const value of values) {
    const found = notCloneable(value);
    if (found !== null) return found;
  }
  return null;
}
