/** Pieces of JSON Schema. */
import { z } from "zod";
import { camelToSnake } from "../../../utils/names.ts";

export type Schema = Readonly<Record<string, unknown>>;
export type Shapes = Readonly<Record<string, Schema>>;

export function listOf(items: Schema): Schema {
  return { type: "array", items };
}

/** The same options, each with what is said of it, where that is known. */
export function described(schema: Schema, said: Readonly<Record<string, string>>, path = ""): Schema {
  const deeper = (one: unknown, where: string): unknown =>
    Array.isArray(one) ? one.map((part) => deeper(part, where)) : isSchema(one) ? described(one, said, where) : one;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (key === "properties" && isSchema(value)) {
        const options = Object.entries(value).map(([name, one]) => {
          const inside = deeper(one, `${path}${name}.`);
          const description = said[`${path}${name}`];
          const isBare = isSchema(inside) && inside.description === undefined && description !== undefined;
          return [name, isBare ? { ...inside, description } : inside];
        });
        return [key, Object.fromEntries(options)];
      }
      return [
        key,
        ["items", "prefixItems", "anyOf", "oneOf", "additionalProperties"].includes(key) ? deeper(value, path) : value,
      ];
    }),
  );
}

/** An object with these keys and no others. */
export function object(properties: Shapes, required: readonly string[] = []): Schema {
  return { type: "object", properties, required, additionalProperties: false };
}

/**
 * What the schema of a class accepts.
 * @param held what stands for options of these names that hold objects of other classes, which the schema does not look into.
 */
export function shapeOf(schema: object | undefined, held: Shapes): Schema {
  if (!(schema instanceof z.ZodType)) return { type: "object" };
  const written = JSON.stringify(z.toJSONSchema(schema, { unrepresentable: "any", io: "input" }));
  const { $schema: _, ...shape } = JSON.parse(written, boundless) as Schema;
  return filled(shape, "", held);
}

/** Leaves out bounds that bound nothing: infinity, which JSON has as null, and how far integers go. */
function boundless(key: string, value: unknown): unknown {
  const isBound = /^(exclusive)?m(in|ax)imum$/i.test(key);
  const isNone = value === null || (typeof value === "number" && Math.abs(value) >= Number.MAX_SAFE_INTEGER);
  return isBound && isNone ? undefined : value;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function filled(schema: Schema, name: string, held: Shapes): Schema {
  const found = held[name];
  if (found !== undefined && Object.keys(schema).every((key) => key === "default")) return found;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]): [string, unknown] => {
      if (key === "properties" && isSchema(value)) {
        const inside = Object.entries(value).map(([option, one]) => [
          option,
          isSchema(one) ? filled(one, option, held) : one,
        ]);
        return [key, Object.fromEntries(inside)];
      }
      // what a list of such objects holds has the name in the singular
      if (key === "items" && isSchema(value)) return [key, filled(value, name.replace(/s$/, ""), held)];
      if (key === "anyOf" && Array.isArray(value)) {
        return [key, value.map((one) => (isSchema(one) ? filled(one, name, held) : one))];
      }
      return [key, value];
    }),
  );
}

/** The same with the names of options in snake_case. */
export function inSnakeCase(schema: Schema): Schema {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]): [string, unknown] => {
      if (key === "required" && Array.isArray(value)) return [key, value.map((one) => camelToSnake(String(one)))];
      if (key === "default") return [key, renamed(value)];
      if (key === "properties" && isSchema(value)) {
        const inside = Object.entries(value).map(([name, one]) => [camelToSnake(name), deeper(one)]);
        return [key, Object.fromEntries(inside)];
      }
      return [key, deeper(value)];
    }),
  );
}

function deeper(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(deeper);
  return isSchema(value) ? inSnakeCase(value) : value;
}

/** A value, the keys of its objects renamed. */
function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed);
  if (!isSchema(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inside]) => [camelToSnake(key), renamed(inside)]));
}
