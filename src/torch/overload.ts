/** Which overload of an operator takes what was passed: the first whose types fit, as in Python. */
import { snakeToCamel } from "../utils/names.ts";
import { Generator } from "./generator.ts";
import { parseSchema, type Schema, type SchemaArgument, type SchemaType } from "./schema.ts";
import { Tensor } from "./tensor.ts";

/** A schema of an operator, made ready to be compared with arguments, and to be called. */
export interface Overload extends Schema {
  id: number | undefined;
  positional: SchemaArgument[];
  keyword: Map<string, number>;
  required: number;
  requiredKeywords: string[];
  returnsSelf: boolean;
  makesTensor: boolean;
}

/** The options at the end of a call. */
export type Options = Record<string, unknown>;

/** Reads a schema. */
export function prepare(text: string): Overload {
  const schema = parseSchema(text);
  const positional = schema.args.filter((arg) => !arg.keyword);
  const keywords = schema.args.filter((arg) => arg.keyword);
  return {
    ...schema,
    id: undefined,
    positional,
    keyword: new Map(keywords.map((arg) => [snakeToCamel(arg.name), schema.args.indexOf(arg)])),
    required: positional.filter((arg) => !arg.hasDefault).length,
    requiredKeywords: keywords.filter((arg) => !arg.hasDefault).map((arg) => snakeToCamel(arg.name)),
    returnsSelf:
      schema.returns.length === 1 && schema.returns[0]?.writes === true && schema.args[0]?.type.writes === true,
    makesTensor: keywords.some((arg) => arg.name === "pin_memory"),
  };
}

/** A tensor of one element stands for a number where libtorch wants one, as in PyTorch: `alpha: torch.tensor(2)`. */
function isNumberLike(value: unknown): value is Tensor {
  return value instanceof Tensor && value.ndim === 0;
}

/** @param lenient whether tensors of one element are numbers; overloads that want tensors come before those. */
function matchesOne(type: SchemaType, value: unknown, lenient: boolean): boolean {
  switch (type.base) {
    case "Tensor":
      return value instanceof Tensor;
    case "int":
      return typeof value === "bigint" || Number.isInteger(value) || (lenient && isIntegral(value));
    case "float":
      return typeof value === "number" || (lenient && isNumberLike(value));
    case "Scalar":
      return (
        typeof value === "number" ||
        typeof value === "bigint" ||
        typeof value === "boolean" ||
        (lenient && isNumberLike(value))
      );
    case "bool":
      return typeof value === "boolean";
    case "str":
    case "ScalarType":
    case "Layout":
    case "MemoryFormat":
    case "Device":
      return typeof value === "string";
    case "Generator":
      return value instanceof Generator;
    case "other":
      return false;
  }
}

function isIntegral(value: unknown): boolean {
  return isNumberLike(value) && !/^(float|bfloat|complex)/.test(value.dtype);
}

function matches(type: SchemaType, value: unknown, lenient: boolean): boolean {
  if (value === null || value === undefined) return type.optional;
  if (!type.list) return matchesOne(type, value, lenient);
  if (!Array.isArray(value)) return type.size > 0 && matchesOne(type, value, lenient);
  return value.every((v) => (v === null ? type.optionalElement : matchesOne(type, v, lenient)));
}

export function isOptions(value: unknown): value is Options {
  return (
    typeof value === "object" &&
    !(value instanceof Tensor) &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Generator)
  );
}

/** Whether an argument that is given, or left out, can be passed on. */
export function accepts(argument: SchemaArgument, value: unknown, lenient: boolean): boolean {
  return (value === undefined && argument.hasDefault) || matches(argument.type, value, lenient);
}

/**
 * @param count how many of the arguments are positional, and not left out at the end
 * @param lenient whether tensors of one element are numbers
 */
export function fits(
  overload: Overload,
  args: readonly unknown[],
  count: number,
  options: Options | undefined,
  lenient: boolean,
): boolean {
  if (count > overload.positional.length || count < overload.required) return false;
  for (let i = 0; i < count; i++) {
    const argument = overload.positional[i];
    if (argument !== undefined && !accepts(argument, args[i], lenient)) return false;
  }
  if (
    overload.requiredKeywords.length > 0 &&
    !overload.requiredKeywords.every((key) => options !== undefined && key in options)
  ) {
    return false;
  }
  if (options === undefined) return true;
  for (const key of Object.keys(options)) {
    if (key === "requiresGrad" && overload.makesTensor) continue;
    const argument = overload.args[overload.keyword.get(key) ?? -1];
    if (argument === undefined || !accepts(argument, options[key], lenient)) return false;
  }
  return true;
}
