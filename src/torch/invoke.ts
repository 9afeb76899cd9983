/** Calls an operator by its public name: picks the overload by the arguments, as Python's does, and makes the boxed call. */

import { show } from "../utils/config.ts";
import { snakeToCamel } from "../utils/names.ts";
import { describeUnknown } from "../utils/options.ts";
import { Generator } from "./generator.ts";
import { type NativeValue, native } from "./native.ts";
import { parseSchema, type Schema, type SchemaArgument, type SchemaType } from "./schema.ts";
import { Tensor } from "./tensor.ts";
import { checkWord } from "./words.ts";

interface Overload extends Schema {
  id: number | undefined;
  positional: SchemaArgument[];
  keyword: Map<string, number>;
  required: number;
  requiredKeywords: string[];
  returnsSelf: boolean;
  makesTensor: boolean;
}

type Options = Record<string, unknown>;

function prepare(text: string): Overload {
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

function isOptions(value: unknown): value is Options {
  return (
    typeof value === "object" &&
    !(value instanceof Tensor) &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Generator)
  );
}

/** Whether an argument that is given, or left out, can be passed on. */
function accepts(argument: SchemaArgument, value: unknown, lenient: boolean): boolean {
  return (value === undefined && argument.hasDefault) || matches(argument.type, value, lenient);
}

function fits(
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

/** A value as native code takes it. @param what the function that it is passed to. */
function unwrap(argument: SchemaArgument | undefined, value: unknown, what: string): unknown {
  if (value instanceof Tensor) {
    const handle = value.handleFor(what);
    if (argument?.type.base === "Tensor") return handle;
    const number = native.item(handle);
    return value.dtype === "bool" ? number === 1 : number;
  }
  if (value instanceof Generator) return value.id;
  if (Array.isArray(value)) return value.map((v) => unwrap(argument, v, what));
  if (typeof value === "string" && argument !== undefined) {
    checkWord(what, argument, value);
  }
  return value;
}

function wrap(type: SchemaType | undefined, value: NativeValue): unknown {
  if (type?.base !== "Tensor") return value;
  if (Array.isArray(value)) return value.map((v) => (v === null ? null : new Tensor(v as number)));
  return value === null ? null : new Tensor(value as number);
}

/** What the call gave, as JavaScript has it: nothing, one value, or an array of several. */
function results(overload: Overload, result: NativeValue, args: readonly unknown[]): unknown {
  if (overload.returnsSelf) return args[0];
  if (overload.returns.length === 0) return undefined;
  if (overload.returns.length > 1) return (result as NativeValue[]).map((v, i) => wrap(overload.returns[i], v));
  return wrap(overload.returns[0], result);
}

function run(overload: Overload, args: readonly unknown[], count: number, options: Options | undefined): unknown {
  overload.id ??= native.findOperator(overload.name);
  // what is left out at the end is a default
  const values: unknown[] = [];
  for (let i = 0; i < count; i++) values.push(unwrap(overload.positional[i], args[i], overload.base));
  if (options !== undefined) {
    for (const [key, at] of overload.keyword) {
      if (options[key] === undefined) continue;
      while (values.length < at) values.push(undefined);
      values[at] = unwrap(overload.args[at], options[key], overload.base);
    }
  }
  const out = results(overload, native.call(overload.id, ...values), args);
  if (options?.requiresGrad === true) (out as Tensor).requiresGrad = true;
  return out;
}

function described(value: unknown): string {
  if (value instanceof Tensor) return value.disposed ? "disposed Tensor" : `Tensor${JSON.stringify(value.shape)}`;
  if (value instanceof Generator) return "Generator";
  return Array.isArray(value) ? `[${value.map(described).join(", ")}]` : show(value);
}

/** The first option that is of the wrong kind for every overload that has it, or undefined. */
function wrongOption(overloads: readonly Overload[], options: Options): string | undefined {
  for (const [key, value] of Object.entries(options)) {
    const known = overloads.flatMap((overload) => overload.args[overload.keyword.get(key) ?? -1] ?? []);
    if (known.length === 0 || known.some((argument) => accepts(argument, value, true))) continue;
    const kinds = new Set(known.map(({ type }) => type.base + (type.list ? "[]" : "")));
    return `option '${key}' got ${described(value)}. Expected ${[...kinds].join(" or ")}`;
  }
  return undefined;
}

/** The arguments with some neighbours in one list, as in `torch.randn([2, 3])` for `torch.randn(2, 3)`; undefined where that does not help. */
function asList(overloads: readonly Overload[], args: readonly unknown[]): readonly unknown[] | undefined {
  const options = args.find(isOptions);
  const positional = args.filter((arg) => arg !== options);
  for (let from = 0; from < positional.length; from++) {
    for (let to = positional.length; to > from; to--) {
      const tried = [...positional.slice(0, from), positional.slice(from, to), ...positional.slice(to)];
      if (overloads.some((overload) => fits(overload, tried, tried.length, options, false))) return tried;
    }
  }
  return undefined;
}

/** A call as one would write it, with x, y, z for tensors. */
function written(name: string, args: readonly unknown[], isMethod: boolean): string {
  const tensors: unknown[] = [];
  const text = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
    if (!(value instanceof Tensor)) return described(value);
    if (!tensors.includes(value)) tensors.push(value);
    return ["x", "y", "z"][tensors.indexOf(value)] ?? "…";
  };
  const texts = args.map(text);
  return isMethod ? `${texts[0] ?? "x"}.${name}(${texts.slice(1).join(", ")})` : `torch.${name}(${texts.join(", ")})`;
}

/** Says what was passed and what would have been accepted. */
function mismatch(
  name: string,
  overloads: readonly Overload[],
  texts: readonly string[],
  args: readonly unknown[],
  isMethod: boolean,
): Error {
  const got = args.map(described);
  const list = asList(overloads, args);
  if (list !== undefined) {
    return new TypeError(
      `torch.${name}: got (${got.join(", ")}), where a list is wanted. Write ${written(name, list, isMethod)}.`,
    );
  }
  const last = args.at(-1);
  if (isOptions(last)) {
    const known = new Set(overloads.flatMap((o) => [...o.keyword.keys(), ...(o.makesTensor ? ["requiresGrad"] : [])]));
    const unknown = Object.keys(last).filter((key) => !known.has(key));
    if (unknown.length > 0) {
      return new TypeError(describeUnknown(`torch.${name}`, unknown, { known: [...known] }));
    }
    const wrong = wrongOption(overloads, last);
    if (wrong !== undefined) return new TypeError(`torch.${name}: ${wrong}.`);
  }
  return new TypeError(`torch.${name}: no overload takes (${got.join(", ")}). Known are:\n  ${texts.join("\n  ")}`);
}

/**
 * A public function over all overloads of one operator; the schemas are read at its first call.
 * @param isMethod whether its first argument is written before the name; for messages
 */
export function bind(name: string, texts: readonly string[], isMethod = false): (...args: unknown[]) => unknown {
  let overloads: Overload[] | undefined;
  return (...args: unknown[]): unknown => {
    overloads ??= texts.map(prepare);
    let count = args.length;
    const last = args[count - 1];
    const options = isOptions(last) ? last : undefined;
    if (options !== undefined) count--;
    while (count > 0 && args[count - 1] === undefined) count--;
    for (const overload of overloads)
      if (fits(overload, args, count, options, false)) return run(overload, args, count, options);
    for (const overload of overloads)
      if (fits(overload, args, count, options, true)) return run(overload, args, count, options);
    throw mismatch(name, overloads, texts, args, isMethod);
  };
}

const byName = new Map<string, Overload>();
let schemaTexts: Map<string, string> | undefined;

/**
 * Any operator of libtorch's dispatcher by its full name (`aten::add.Tensor`, `quantized::…`): all arguments positional
 * in schema order, `undefined` for a default.
 */
export function ops(name: string, ...args: unknown[]): unknown {
  let overload = byName.get(name);
  if (overload === undefined) {
    schemaTexts ??= new Map(native.schemas().map((text) => [text.slice(0, text.indexOf("(")), text]));
    const text = schemaTexts.get(name);
    if (text === undefined) throw new TypeError(`torch.ops: libtorch has no operator '${name}'.`);
    overload = prepare(text);
    byName.set(name, overload);
  }
  const schema: Schema = overload;
  if (args.length > schema.args.length) {
    throw new TypeError(`torch.ops: ${name} takes at most ${schema.args.length} arguments, got ${args.length}.`);
  }
  for (const [i, argument] of schema.args.entries()) {
    if (accepts(argument, args[i], true)) continue;
    const kind = argument.type.base + (argument.type.list ? "[]" : "");
    throw new TypeError(`torch.ops: ${name}: argument '${argument.name}' got ${described(args[i])}. Expected ${kind}.`);
  }
  overload.id ??= native.findOperator(name);
  const values = args.map((arg, i) => unwrap(schema.args[i], arg, schema.base));
  return results(overload, native.call(overload.id, ...values), args);
}

/** The schemas of all operators of the dispatcher. */
export function operatorSchemas(): string[] {
  return native.schemas();
}
