/** Reads the operator schemas that libtorch prints: `aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor`. */

export type BaseType =
  | "Tensor"
  | "int"
  | "float"
  | "bool"
  | "str"
  | "Scalar"
  | "ScalarType"
  | "Layout"
  | "MemoryFormat"
  | "Device"
  | "Generator"
  | "other";

export interface SchemaType {
  base: BaseType;
  /** `Tensor?[]`: the elements may be null. */
  optionalElement: boolean;
  list: boolean;
  /** `int[3]`: one number stands for three. */
  size: number;
  optional: boolean;
  /** `Tensor(a!)`: written to. */
  writes: boolean;
}

export interface SchemaArgument {
  name: string;
  type: SchemaType;
  hasDefault: boolean;
  keyword: boolean;
}

export interface Schema {
  /** `aten::add.Tensor` */
  name: string;
  base: string;
  overload: string;
  args: SchemaArgument[];
  returns: SchemaType[];
}

const bases: Readonly<Record<string, BaseType>> = {
  Tensor: "Tensor",
  int: "int",
  SymInt: "int",
  float: "float",
  bool: "bool",
  SymBool: "bool",
  str: "str",
  Scalar: "Scalar",
  ScalarType: "ScalarType",
  Layout: "Layout",
  MemoryFormat: "MemoryFormat",
  Device: "Device",
  Generator: "Generator",
};

function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (c === "(" || c === "[") depth++;
    else if (c === ")" || c === "]") depth--;
    else if (c === "," && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

export function parseType(text: string): SchemaType {
  const match = /^([A-Za-z_][\w.]*)(\([^)]*\))?(\?)?(\[(\d*)\])?(\([^)]*\))?(\?)?/.exec(text);
  // lists of lists (process groups use them) have no counterpart here
  const base = text.includes("][") ? "other" : (bases[match?.[1] ?? ""] ?? "other");
  const list = match?.[4] !== undefined;
  return {
    base,
    list,
    size: Number(match?.[5] ?? 0),
    optionalElement: list && match?.[3] !== undefined,
    optional: list ? match?.[7] !== undefined : match?.[3] !== undefined,
    writes: (match?.[2] ?? match?.[6] ?? "").includes("!"),
  };
}

export function parseSchema(text: string): Schema {
  const open = text.indexOf("(");
  const name = text.slice(0, open);
  let depth = 0;
  let close = open;
  for (; close < text.length; close++) {
    if (text[close] === "(") depth++;
    else if (text[close] === ")" && --depth === 0) break;
  }
  let keyword = false;
  const args: SchemaArgument[] = [];
  for (const part of splitTop(text.slice(open + 1, close))) {
    if (part === "...") continue;
    if (part === "*") {
      keyword = true;
      continue;
    }
    const typeText = /^[A-Za-z_][\w.]*(?:\([^)]*\))?\??(?:\[\d*\])*(?:\([^)]*\))?\??/.exec(part)?.[0] ?? part;
    const rest = part.slice(typeText.length).trim();
    const equals = rest.indexOf("=");
    args.push({
      name: equals < 0 ? rest : rest.slice(0, equals),
      type: parseType(typeText),
      hasDefault: equals >= 0,
      keyword,
    });
  }
  const returned = text.slice(text.indexOf("->", close) + 2).trim();
  const inner = returned.startsWith("(") ? returned.slice(1, -1) : returned;
  const [base, overload] = name.split("::").at(-1)?.split(".") ?? [];
  return { name, base: base ?? name, overload: overload ?? "", args, returns: splitTop(inner).map(parseType) };
}
