/** Calls an operator by its public name: picks the overload by the arguments, as Python's does, and makes the boxed call. */

import { Generator } from "./generator.ts";
import { described, mismatch } from "./mismatch.ts";
import { type NativeValue, native } from "./native.ts";
import { accepts, fits, isOptions, type Options, type Overload, prepare } from "./overload.ts";
import type { Schema, SchemaArgument, SchemaType } from "./schema.ts";
import { Tensor } from "./tensor.ts";
import { checkWord } from "./words.ts";

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
 * @example
 * ```ts
 * using a = torch.tensor([1, 2]);
 * using b = torch.tensor([3, 4]);
 * using sum = torch.ops("aten::add.Tensor", a, b) as torch.Tensor;
 * console.log(sum.toNumbers()); // → [ 4, 6 ]
 * ```
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

/**
 * The schemas of all operators of the dispatcher.
 * @example
 * ```ts
 * const relu = torch.operatorSchemas().find((text) => text.startsWith("aten::relu("));
 * console.log(relu); // → aten::relu(Tensor self) -> Tensor
 * ```
 */
export function operatorSchemas(): string[] {
  return native.schemas();
}
