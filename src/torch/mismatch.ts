/** What is said where no overload of an operator takes what was passed. */
import { show } from "../utils/config.ts";
import { describeUnknown } from "../utils/options.ts";
import { Generator } from "./generator.ts";
import { accepts, fits, isOptions, type Options, type Overload } from "./overload.ts";
import { Tensor } from "./tensor.ts";

/** An argument, in short. */
export function described(value: unknown): string {
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
export function mismatch(
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
