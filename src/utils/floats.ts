import { z } from "zod";
import { camelToSnake } from "./names.ts";

/**
 * Python has integers and floats, JavaScript has numbers. JSON must say `60.0` for the 60 of a column or option that holds
 * floats, or Python reads another type. Objects with such numbers are marked here: all of their members, or some.
 */
const marked = new WeakMap<object, readonly string[] | null>();

/**
 * Says that the numbers of `object` are floats for Python: those of `keys`, or all of them. Returns it.
 * @example
 * ```ts
 * console.log(formatJson(markFloats({ lr: 1 })).includes("1.0")); // → true
 * ```
 */
export function markFloats<T extends object>(object: T, keys: readonly string[] | null = null): T {
  marked.set(object, keys);
  return object;
}

/**
 * Whether all numbers of `object` are floats; with `key`, whether that member is.
 * @example
 * ```ts
 * console.log(hasFloats(markFloats({ lr: 1 })), hasFloats({ lr: 1 })); // → true false
 * ```
 */
export function hasFloats(object: object, key?: string): boolean {
  const keys = marked.get(object);
  if (keys === undefined || keys === null) return keys === null;
  return key !== undefined && keys.includes(key);
}

/** Marks the members of `value` that `schema` says are floats. `value` has the names that it has on disk. */
export function markFloatFields(schema: z.core.$ZodType, value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (schema instanceof z.ZodObject) {
    const floats: string[] = [];
    for (const [key, field] of Object.entries(schema.shape as z.core.$ZodShape)) {
      const name = camelToSnake(key);
      const member = (value as Record<string, unknown>)[name];
      if (takesFloats(field)) {
        floats.push(name);
        markAllFloats(member);
      } else markFloatFields(field, member);
    }
    markFloats(value, floats);
  } else if (schema instanceof z.ZodPipe) markFloatFields(schema.in, value);
  else if (schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) markFloatFields(schema.unwrap(), value);
}

/** Lists and dictionaries of floats, whatever their depth. */
function markAllFloats(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  markFloats(value);
  for (const member of Object.values(value)) markAllFloats(member);
}

/** Whether the numbers that a schema accepts are floats: it has numbers, none of which must be an integer. */
function takesFloats(schema: z.core.$ZodType): boolean {
  const kinds = [...numbersOf(schema)];
  return kinds.includes("float") && !kinds.includes("int");
}

function* numbersOf(schema: z.core.$ZodType): Generator<"int" | "float"> {
  if (schema instanceof z.ZodNumber) yield schema.isInt ? "int" : "float";
  else if (schema instanceof z.ZodUnion) for (const option of schema.options) yield* numbersOf(option);
  else if (schema instanceof z.ZodTuple) for (const item of schema.def.items) yield* numbersOf(item);
  else if (schema instanceof z.ZodArray) yield* numbersOf(schema.element);
  else if (schema instanceof z.ZodRecord) yield* numbersOf(schema.valueType);
  else if (schema instanceof z.ZodPipe) yield* numbersOf(schema.in);
  else if (schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) yield* numbersOf(schema.unwrap());
}
