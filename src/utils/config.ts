import { z } from "zod";
import { CannotReadFieldError, ConfigError, MissingFieldsError, WrongFieldsError } from "./exceptions.ts";
import { camelToSnake, snakeToCamel } from "./names.ts";

/** What a config becomes on disk: plain JSON with ClinicaDL's snake_case keys, `name_` first. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** Anything that can describe itself as JSON. */
export interface ToDict {
  toDict(): JsonObject;
}

export interface ConfigSettings {
  /** Fields whose keys belong to the user (group paths, column names, mask names): never change their case. */
  readonly verbatim?: readonly string[];
  /** Whether the class writes and demands `name_`. Default true. */
  readonly named?: boolean;
}

type AnyObjectSchema = z.ZodObject<z.ZodRawShape>;

/** What a class made by {@link configClass} offers, besides its fields. */
export interface Config extends ToDict {
  /** The class name without `Config`: `Adam` for `AdamConfig`. */
  readonly name_: string;
  /** The fields under their TypeScript names, in declaration order. */
  fields(): Record<string, unknown>;
}

export interface ConfigClass<S extends AnyObjectSchema> {
  new (fields?: z.input<S>): Config & Readonly<z.output<S>>;
  readonly schema: S;
  /** Rebuilds the object from what `toDict` wrote; exactly the declared keys are accepted. */
  fromDict<T>(this: new (fields?: z.input<S>) => T, dict: JsonObject): T;
}

/** Parses `value`, or says which field had which value and what is accepted. */
export function parseWith<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => describeIssue(issue, value, what));
  throw new ConfigError(lines.join("\n"));
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown, what: string): string {
  if (issue.code === "unrecognized_keys") {
    return `${what}: unknown option${issue.keys.length > 1 ? "s" : ""} ${issue.keys.map((k) => `'${k}'`).join(", ")}${
      issue.path.length > 0 ? ` in '${issue.path.join(".")}'` : ""
    }. Check the spelling.`;
  }
  let got = value;
  for (const key of issue.path) {
    got = typeof got === "object" && got !== null ? (got as Record<PropertyKey, unknown>)[key] : undefined;
  }
  const field = issue.path.length > 0 ? `'${issue.path.join(".")}'` : "the value";
  if (got === undefined) return `${what}: ${field} is required (${issue.message}).`;
  return `${what}: ${field} got ${show(got)}. ${issue.message}.`;
}

export function show(value: unknown): string {
  if (typeof value === "string") return `'${value}'`;
  if (typeof value === "function") return `[function ${value.name}]`;
  try {
    const text = JSON.stringify(value);
    return text === undefined ? String(value) : text.length > 200 ? `${text.slice(0, 200)}…` : text;
  } catch {
    return String(value);
  }
}

/**
 * The base of a config class: a zod schema gives the fields, their defaults and checks.
 *
 * ```ts
 * export class SGDConfig extends configClass("SGD", z.strictObject({ lr: z.number().positive().default(1e-3) })) {}
 * new SGDConfig({ lr: 0.1 }).toDict(); // { name_: "SGD", lr: 0.1 }
 * ```
 */
export function configClass<S extends AnyObjectSchema>(
  name: string,
  schema: S,
  settings: ConfigSettings = {},
): ConfigClass<S> {
  const named = settings.named ?? true;
  const verbatim = new Set(settings.verbatim ?? []);
  const keys = Object.keys(schema.shape);

  class Base implements Config {
    static readonly schema = schema;
    constructor(fields?: unknown) {
      const parsed = parseWith(schema, fields ?? {}, new.target.name) as Record<string, unknown>;
      for (const key of keys) {
        Object.defineProperty(this, key, { value: deepFreeze(parsed[key]), enumerable: true, configurable: true });
      }
    }
    get name_(): string {
      return name;
    }
    fields(): Record<string, unknown> {
      return Object.fromEntries(keys.map((key) => [key, (this as unknown as Record<string, unknown>)[key]]));
    }
    toDict(): JsonObject {
      const out: JsonObject = named ? { name_: name } : {};
      for (const [key, value] of Object.entries(this.fields())) {
        out[camelToSnake(key)] = toJsonValue(value, !verbatim.has(key));
      }
      return out;
    }
    static fromDict(this: new (fields?: unknown) => unknown, dict: JsonObject): unknown {
      return new this(readFields(this.name, name, named, keys, verbatim, dict));
    }
  }
  return Base as unknown as ConfigClass<S>;
}

function readFields(
  className: string,
  name: string,
  named: boolean,
  keys: readonly string[],
  verbatim: ReadonlySet<string>,
  dict: JsonObject,
): Record<string, unknown> {
  const expected = new Map(keys.map((key) => [camelToSnake(key), key]));
  const given = Object.keys(dict).filter((key) => key !== "name_");
  const missing = [...expected.keys()].filter((key) => !(key in dict));
  if (named && !("name_" in dict)) missing.unshift("name_");
  if (missing.length > 0)
    throw new MissingFieldsError(`${className}: missing ${missing.map((k) => `'${k}'`).join(", ")}.`);
  const extra = given.filter((key) => !expected.has(key));
  if (extra.length > 0) throw new WrongFieldsError(`${className}: unknown ${extra.map((k) => `'${k}'`).join(", ")}.`);
  if (named && dict.name_ !== name) {
    throw new CannotReadFieldError(`${className}: 'name_' is ${show(dict.name_)}, expected '${name}'.`, ["name_"]);
  }
  const fields: Record<string, unknown> = {};
  for (const [snake, key] of expected) fields[key] = fromJsonValue(dict[snake], !verbatim.has(key));
  return fields;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}

function hasToDict(value: unknown): value is ToDict {
  return typeof value === "object" && value !== null && typeof (value as { toDict?: unknown }).toDict === "function";
}

/** A field's value as JSON. An object that cannot describe itself becomes its text, as in ClinicaDL. */
export function toJsonValue(value: unknown, renameKeys: boolean): JsonValue {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean" || typeof value === "number" || typeof value === "string") return value;
  if (hasToDict(value)) return value.toDict();
  if (Array.isArray(value)) return value.map((v) => toJsonValue(v, renameKeys));
  if (isPlainObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([k, v]) => [renameKeys ? camelToSnake(k) : k, toJsonValue(v, renameKeys)]),
    );
  }
  if (typeof value === "function") return `<function ${value.name || "anonymous"}>`;
  return `<${value.constructor?.name ?? "object"} object>`;
}

function fromJsonValue(value: JsonValue | undefined, renameKeys: boolean): unknown {
  if (Array.isArray(value)) return value.map((v) => fromJsonValue(v, renameKeys));
  if (typeof value === "object" && value !== null) {
    // an object with a name_ is read by its own class, which renames its keys itself
    if (!renameKeys || "name_" in value) return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [snakeToCamel(k), fromJsonValue(v, renameKeys)]));
  }
  return value;
}

function deepFreeze<T>(value: T): T {
  if (Array.isArray(value) || isPlainObject(value)) {
    for (const v of Object.values(value as object)) deepFreeze(v);
    Object.freeze(value);
  }
  return value;
}

/**
 * A field that holds one of several config classes: an instance, or a dict with its `name_`.
 * Other objects that satisfy `accept` (a raw module, a function) pass as they are.
 */
export function oneOfConfigs<T>(
  what: string,
  classes: () => Readonly<Record<string, { fromDict(dict: JsonObject): T }>>,
  accept: (value: unknown) => value is T,
): z.ZodType<T, T | object> {
  return z.unknown().transform((value, ctx): T => {
    if (accept(value)) return value;
    const known = classes();
    if (isPlainObject(value) && typeof value.name_ === "string") {
      const found = known[value.name_];
      if (found !== undefined) return found.fromDict(value as JsonObject);
    }
    ctx.addIssue({ code: "custom", message: `Expected ${what}: one of ${Object.keys(known).join(", ")}` });
    return z.NEVER;
  }) as unknown as z.ZodType<T, T | object>;
}
