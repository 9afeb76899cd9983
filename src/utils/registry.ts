import { type JsonObject, type JsonValue, show, type ToDict } from "./config.ts";
import { CannotReadFieldError, ClinicaDLException, ConfigError } from "./exceptions.ts";

/** Config classes by their `name_`. */
export type Registry<T> = Readonly<Record<string, { fromDict(dict: JsonObject): T }>>;

/** A plain object with the `name_` of a config and its options in camelCase. */
export interface Named {
  readonly name_: string;
  readonly [option: string]: unknown;
}

/** The member of that name, unless it is one that every object has: names come from files. */
export function own<T>(members: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

export function isConfig(value: unknown): value is ToDict & { readonly name_: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "name_" in value &&
    typeof (value as { toDict?: unknown }).toDict === "function"
  );
}

/**
 * A config itself, or one made of a plain object; null for anything else.
 * @throws ConfigError when there is no config of that name.
 */
export function configFrom<T extends { readonly name_: string }>(
  what: string,
  value: unknown,
  classes: Registry<T>,
): T | null {
  if (isConfig(value)) return value as unknown as T;
  if (typeof value !== "object" || value === null || !("name_" in value)) return null;
  const { name_, ...options } = value;
  const Class = own(classes, String(name_)) as (new (options: object) => T) | undefined;
  if (Class === undefined) {
    throw new ConfigError(`${what} got the name ${show(name_)}. Expected one of ${Object.keys(classes).join(", ")}.`);
  }
  return new Class(options);
}

/**
 * Reads what `toDict` wrote of one of these configs.
 * @throws CannotReadFieldError naming `field` when it is something else, or not all of it can be read.
 */
export function readConfig<T>(what: string, field: string, value: JsonValue | undefined, classes: Registry<T>): T {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const Class = isObject && typeof value.name_ === "string" ? own(classes, value.name_) : undefined;
  if (!isObject || Class === undefined) {
    throw new CannotReadFieldError(
      `${what}: '${field}' was written as ${show(value)}, which cannot be read back. Pass the object itself.`,
      [field],
    );
  }
  try {
    return Class.fromDict(value);
  } catch (error) {
    if (!(error instanceof ClinicaDLException)) throw error;
    throw new CannotReadFieldError(`${what}: '${field}' cannot be read. ${error.message}`, [field], { cause: error });
  }
}
