import type { z } from "zod";
import { CannotReadFieldError, ConfigError, MissingFieldsError, WrongFieldsError } from "./exceptions.ts";
import { markFloatFields } from "./floats.ts";
import { camelToSnake, snakeToCamel } from "./names.ts";
import { describeUnknown } from "./options.ts";
import { visible } from "./visible.ts";

declare global {
  /** The types of zod name it, and a project without `@types/node` and DOM types does not have it. It merges with theirs. */
  interface URL {}
}

/** What a config becomes on disk: plain JSON with ClinicaDL's snake_case keys, `name_` first. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Anything that can describe itself as JSON. */
export interface ToDict {
  toDict(): JsonObject;
}

export interface ConfigSettings<S extends AnyObjectSchema, F> {
  /** Fields whose keys belong to the user (group paths, column names, mask names): never change their case. */
  readonly verbatim?: readonly string[];
  /** Whether the class writes its `name_`. Default true. */
  readonly named?: boolean;
  /** Fields that ClinicaDL does not have, each with its default: written only where they have another value. */
  readonly ours?: Readonly<Record<string, JsonValue>>;
  /** How fields that hold objects of other classes are read from their JSON. */
  readonly readers?: Readonly<Record<string, (json: JsonValue | undefined) => unknown>>;
  /**
   * Checks fields against each other and spells them out. What it gives is what the config has and writes, so the schema must
   * accept it, and `finish` leave it as it is: a config that is read from JSON goes through both again.
   * @param what the name of the config class, for messages.
   * @throws ConfigError
   */
  readonly finish?: (parsed: z.output<S>, what: string) => F;
}

type AnyObjectSchema = z.ZodObject<z.ZodRawShape>;

/** What every config offers, besides its fields. */
export interface Config<F extends object = Record<string, unknown>> extends ToDict {
  /** The class name without `Config`: `Adam` for `AdamConfig`. */
  readonly name_: string;
  /** The fields under their TypeScript names, in declaration order. */
  fields(): F;
  /** A config of the same class with some options changed. */
  with(changes: Partial<F>): this;
  /** Whether an option was given, rather than left to its default. */
  isGiven(option: string): boolean;
}

/** What a schema accepts; arrays may be read-only, such as the shape of a tensor. */
export type Input<S extends z.ZodType> = AlsoReadonly<z.input<S>>;
type AlsoReadonly<T> = T extends ToDict | ((...args: never) => unknown)
  ? T
  : T extends object
    ? { readonly [K in keyof T]: AlsoReadonly<T[K]> }
    : T;

export interface ConfigClass<S extends AnyObjectSchema, F extends object = z.output<S>> {
  new (
    ...args: Record<string, never> extends Input<S> ? [fields?: Input<S>] : [fields: Input<S>]
  ): Config<F> & (string extends keyof F ? object : Readonly<F>);
  /** The `name_` of its configs. */
  readonly name_: string;
  readonly schema: S;
  /** A config as it is, or one with these options: what a class that is built of a config takes. */
  of<T>(this: new (fields: Input<S>) => T, options: NoInfer<T> | Input<S>): T;
  /** A config with options of which the types are not known, such as those of a plain object with a `name_`. */
  fromOptions<T>(this: new (fields: Input<S>) => T, options: unknown): T;
  /**
   * Rebuilds the object from what `toDict` wrote; exactly the declared keys are accepted.
   * @param given fields to take instead of those written, which are not looked at.
   * @throws MissingFieldsError, WrongFieldsError when keys are missing, or not known.
   * @throws CannotReadFieldError naming the fields whose values are not accepted.
   */
  fromDict<T>(this: new (fields: Input<S>) => T, dict: JsonObject, given?: Partial<Input<S>>): T;
}

/** Parses `value`, or says which field had which value and what is accepted. */
export function parseWith<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const lines = issues.map((issue) => describeIssue(issue, value, what));
  throw new ConfigError(lines.join("\n"), { fieldNames: issues.flatMap(({ path }) => path.slice(0, 1).map(String)) });
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown, what: string): string {
  if (issue.code === "unrecognized_keys") {
    return describeUnknown(what, issue.keys, issue.path.length > 0 ? { inside: issue.path.join(".") } : {});
  }
  let got = value;
  for (const key of issue.path) {
    got = typeof got === "object" && got !== null ? (got as Record<PropertyKey, unknown>)[key] : undefined;
  }
  const field = issue.path.length > 0 ? `'${issue.path.join(".")}'` : "the value";
  if (got === undefined) return `${what}: ${field} is required (${accepted(issue)}).`;
  return `${what}: ${field} got ${show(got)}. ${accepted(issue)}.`;
}

/** What a field accepts; of several alternatives, all of them. */
function accepted(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_union" && issue.message === "Invalid input") {
    const alternatives = issue.errors.flatMap((issues) => issues.slice(0, 1).map(accepted));
    return [...new Set(alternatives)].join(", or ").replace(/, or Expected/g, ", or");
  }
  if (issue.code === "invalid_key") return [...new Set(issue.issues.map(accepted))].join(", or ");
  // zod also says what it got, which stands before this
  return issue.message
    .replace(/^(Invalid input|Invalid option|Too small|Too big): e/, "E")
    .replace(/number, received -?Infinity$/, "finite number")
    .replace(/, received \S+$/, "")
    .replace("record", "object");
}

export function show(value: unknown): string {
  if (typeof value === "string") return `'${visible(value)}'`;
  if (typeof value === "number") return String(value);
  if (typeof value === "function") return `[function ${value.name}]`;
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !isPlainObject(value)) {
    return `[${value.constructor.name}]`;
  }
  try {
    const text = JSON.stringify(value);
    return text === undefined ? String(value) : text.length > 200 ? `${text.slice(0, 200)}…` : text;
  } catch {
    return String(value);
  }
}

/**
 * The base of a config class: a zod schema gives the fields, their defaults, checks and types.
 *
 * ```ts
 * export class SGDConfig extends configClass("SGD", z.strictObject({ lr: z.number().positive().default(1e-3) })) {}
 * new SGDConfig({ lr: 0.1 }).toDict(); // { name_: "SGD", lr: 0.1 }
 * ```
 */
export function configClass<S extends AnyObjectSchema, F extends object = z.output<S>>(
  name: string,
  schema: S,
  settings?: ConfigSettings<S, F>,
): ConfigClass<S, F>;
// TypeScript cannot see that the properties which the constructor defines are those of the schema: the signature above says so
export function configClass(
  name: string,
  schema: AnyObjectSchema,
  settings: ConfigSettings<AnyObjectSchema, object> = {},
): unknown {
  const named = settings.named ?? true;
  const verbatim = new Set(settings.verbatim ?? []);
  const keys = Object.keys(schema.shape);
  const ours = settings.ours ?? {};

  class Base implements Config {
    static readonly name_ = name;
    static readonly schema = schema;
    readonly #given: ReadonlySet<string>;
    readonly #fields: ReadonlyMap<string, unknown>;
    constructor(fields: unknown = {}) {
      const parsed = parseWith(schema, fields, new.target.name);
      const finished: object = settings.finish?.(parsed, new.target.name) ?? parsed;
      const given = Object.entries(fields ?? {}).filter(([, value]) => value !== undefined);
      this.#given = new Set(given.map(([key]) => key));
      this.#fields = new Map(keys.map((key) => [key, deepFreeze(Reflect.get(finished, key))]));
      for (const [key, value] of this.#fields) {
        Object.defineProperty(this, key, { value, enumerable: true, configurable: true });
      }
    }
    get name_(): string {
      return name;
    }
    isGiven(option: string): boolean {
      return this.#given.has(option);
    }
    with(changes: object): this {
      return Reflect.construct(this.constructor, [{ ...this.fields(), ...changes }]);
    }
    fields(): Record<string, unknown> {
      return Object.fromEntries(this.#fields);
    }
    toDict(): JsonObject {
      const out: JsonObject = named ? { name_: name } : {};
      for (const [key, value] of this.#fields) {
        if (Object.hasOwn(ours, key) && ours[key] === value) continue;
        out[camelToSnake(key)] = toJsonValue(value, !verbatim.has(key));
      }
      markFloatFields(schema, out);
      return out;
    }
    static of(options: unknown): unknown {
      return options instanceof this ? options : new this(options);
    }
    static fromOptions(options: unknown): unknown {
      return new this(options);
    }
    static fromDict(dict: JsonObject, given: object = {}): unknown {
      const there = keys.filter((key) => !Object.hasOwn(ours, key) || Object.hasOwn(dict, camelToSnake(key)));
      const read = Object.entries(settings.readers ?? {})
        .filter(([key]) => !Object.hasOwn(given, key))
        .map(([key, reader]): [string, unknown] => [key, reader(dict[camelToSnake(key)])]);
      const plain = readFields(this.name, named ? name : null, there, verbatim, dict);
      const fields = { ...plain, ...Object.fromEntries(read), ...given };
      return readAs(() => new this(fields));
    }
  }
  return Base;
}

/** Runs `make` on what was read; a value that it does not accept is a field that cannot be read. */
export function readAs<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const names = [...new Set(error.fieldNames.map(camelToSnake))];
    throw new CannotReadFieldError(`Reading ${error.message}`, names, { cause: error });
  }
}

function readFields(
  className: string,
  name: string | null,
  keys: readonly string[],
  verbatim: ReadonlySet<string>,
  dict: JsonObject,
): Record<string, unknown> {
  checkKeys(className, dict, keys.map(camelToSnake), name);
  return Object.fromEntries(keys.map((key) => [key, fromJsonValue(dict[camelToSnake(key)], !verbatim.has(key))]));
}

/**
 * Checks that `dict` has exactly these keys, besides `name_`.
 * @param name what `name_` must be, if it is there; null: it is not known either.
 * @throws MissingFieldsError, WrongFieldsError, CannotReadFieldError
 */
export function checkKeys(what: string, dict: JsonObject, keys: readonly string[], name: string | null = what): void {
  const listed = (names: readonly string[]) => names.map((key) => `'${key}'`).join(", ");
  const missing = keys.filter((key) => !Object.hasOwn(dict, key));
  if (missing.length > 0) throw new MissingFieldsError(`${what}: missing ${listed(missing)}.`);
  const extra = Object.keys(dict).filter((key) => !keys.includes(key) && (key !== "name_" || name === null));
  if (extra.length > 0) throw new WrongFieldsError(`${what}: unknown ${listed(extra)}.`);
  if (name !== null && Object.hasOwn(dict, "name_") && dict.name_ !== name) {
    throw new CannotReadFieldError(`${what}: 'name_' is ${show(dict.name_)}, expected '${name}'.`, ["name_"]);
  }
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
