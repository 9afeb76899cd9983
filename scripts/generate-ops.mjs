// Writes src/torch/generated/ from the operator schemas of the libtorch that the addon is linked with:
//   table.ts      the schemas, by public name
//   functions.ts  a typed function for each operator
//   methods.ts    the same as methods of Tensor, where the first argument is `self`
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSchema } from "../src/torch/schema.ts";
import { snakeToCamel } from "../src/utils/names.ts";
import { noteOf } from "./op-notes.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const engine = JSON.parse(readFileSync(join(root, "build", "engine.json"), "utf8"));
const addon = existsSync(engine.addon) ? engine.addon : join(root, engine.addon);
const native = createRequire(import.meta.url)(addon);

// Written by hand in tensor.ts, or without meaning outside Python and TorchScript.
const handWritten = new Set(
  "size stride dim numel item to shape dtype device grad data backward requires_grad_ is_leaf is_contiguous is_pinned alias set_data dispose keep scope kept view_ copy_into storage_offset constructor".split(
    " ",
  ),
);
// Names that a module cannot declare; they are exported under them all the same.
const reserved = new Set(
  "var in with new delete default function class const let for if else return typeof void".split(" "),
);

const jsTypes = {
  Tensor: "Tensor",
  int: "number | bigint",
  float: "number",
  bool: "boolean",
  str: "string",
  Scalar: "Scalar",
  ScalarType: "DType",
  Layout: "Layout",
  MemoryFormat: "MemoryFormat",
  Device: "string",
  Generator: "Generator",
};

const isOut = (schema) =>
  schema.args.some((arg) => arg.keyword && arg.type.writes) || /(^|_)out$/.test(schema.overload);
const usable = (schema) =>
  schema.args.every((arg) => arg.type.base !== "other") &&
  schema.returns.every((type) => type.base !== "other" || type.list === false);

const groups = new Map();
for (const text of native.schemas()) {
  if (!text.startsWith("aten::")) continue;
  const schema = parseSchema(text);
  if (isOut(schema) || !usable(schema) || schema.base.startsWith("__")) continue;
  const name = snakeToCamel(schema.base);
  const group = groups.get(name) ?? [];
  group.push({ text, schema });
  groups.set(name, group);
}

const scalars = (schema) => schema.args.filter((arg) => arg.type.base === "Scalar").length;
for (const group of groups.values()) {
  group.sort(
    (a, b) =>
      scalars(a.schema) - scalars(b.schema) ||
      a.schema.args.length - b.schema.args.length ||
      (a.text < b.text ? -1 : 1),
  );
}

function inputType(type) {
  let out = jsTypes[type.base];
  if (type.list) {
    const element = type.optionalElement ? `(${out} | null)` : out.includes("|") ? `(${out})` : out;
    out = type.size > 0 ? `${out} | readonly ${element}[]` : `readonly ${element}[]`;
  }
  return type.optional ? `${out} | null` : out;
}
function outputType(type) {
  const out = type.base === "int" ? "number" : type.base === "Scalar" ? "number" : (jsTypes[type.base] ?? "unknown");
  return type.list ? `${out}[]` : out;
}
function returnType(schema, self) {
  if (schema.returns.length === 0) return "void";
  if (self !== undefined && schema.returns.length === 1 && schema.returns[0].writes && schema.args[0].type.writes)
    return self;
  if (schema.returns.length === 1) return outputType(schema.returns[0]);
  return `[${schema.returns.map(outputType).join(", ")}]`;
}
const parameter = (name) => {
  const camel = snakeToCamel(name);
  return reserved.has(camel) || camel === "arguments" || camel === "this" ? `${camel}_` : camel;
};
function signature(schema, { method }) {
  const positional = schema.args.filter((arg) => !arg.keyword).slice(method ? 1 : 0);
  const keywords = schema.args.filter((arg) => arg.keyword);
  const lastRequired = positional.findLastIndex((arg) => !arg.hasDefault);
  const parts = positional.map(
    (arg, i) =>
      `${parameter(arg.name)}${i > lastRequired ? "?" : ""}: ${inputType(arg.type)}${i > lastRequired || !arg.hasDefault ? "" : " | undefined"}`,
  );
  if (keywords.length > 0) {
    const fields = keywords.map(
      (arg) =>
        `${snakeToCamel(arg.name)}${arg.hasDefault ? "?" : ""}: ${inputType(arg.type)}${arg.hasDefault ? " | undefined" : ""}`,
    );
    if (keywords.some((arg) => arg.name === "pin_memory")) fields.push("requiresGrad?: boolean | undefined");
    const needed = keywords.some((arg) => !arg.hasDefault);
    const options = `{ ${fields.join("; ")} }`;
    // options may follow any number of the optional positional arguments
    if (!needed) parts.push(`options?: ${options}`);
    else parts.push(`options: ${options}`);
    const variants = [parts];
    if (lastRequired + 1 < positional.length) {
      variants.push([...parts.slice(0, lastRequired + 1), `options: ${options}`]);
    }
    return variants.map((list) => ({
      list: fixOptional(list),
      returns: returnType(schema, method ? "this" : undefined),
    }));
  }
  return [{ list: parts, returns: returnType(schema, method ? "this" : undefined) }];
}
// a required parameter cannot follow an optional one
function fixOptional(list) {
  const lastNeeded = list.findLastIndex((part) => !/^\w+\?:/.test(part));
  return list.map((part, i) => (i < lastNeeded ? part.replace(/^(\w+)\?: (.*)$/s, "$1: $2 | undefined") : part));
}

const header = "// Generated by scripts/generate-ops.mjs from libtorch's operator schemas. Do not edit.\n";
const types =
  'import type { Generator } from "../generator.ts";\nimport type { Tensor } from "../tensor.ts";\nimport type { DType, Layout, MemoryFormat, Scalar } from "../types.ts";\n';
const names = [...groups.keys()].sort();

let table = `${header}export const table: Readonly<Record<string, readonly string[]>> = {\n`;
let functions = `${header}import { bind } from "../invoke.ts";\n${types}import { table } from "./table.ts";\n\nconst op = (name: string): never => bind(name, table[name] ?? []) as never;\n\n`;
let methods = `${header}${types.replace(/import type \{ Tensor.*\n/, "")}\ndeclare module "../tensor.ts" {\n  interface Tensor {\n`;
const methodNames = [];
const exportsList = [];
for (const name of names) {
  const group = groups.get(name);
  table += `  ${JSON.stringify(name)}: ${JSON.stringify(group.map((g) => g.text))},\n`;
  const local = reserved.has(name) ? `${name}_op` : name;
  const note = (list) =>
    `/** ${noteOf(
      group[0].schema.base,
      list.map((g) => g.text),
    )} */\n`;
  // editors show the documentation of the overload that is called
  const documented = (list, what, indent) => {
    const lines = new Map();
    for (const g of list) {
      for (const s of signature(g.schema, what)) {
        const line = `${indent}${what.method ? name : ""}(${s.list.join(", ")}): ${s.returns};\n`;
        if (!lines.has(line)) lines.set(line, `${indent}${note([g])}${line}`);
      }
    }
    return [...lines.values()].join("");
  };
  functions += `${note(group)}const ${local === name ? name : local}: {\n${documented(group, { method: false }, "  ")}} = op(${JSON.stringify(name)});\n`;
  exportsList.push(local === name ? name : `${local} as ${name}`);
  const asMethods = group.filter(
    (g) => g.schema.args[0]?.name === "self" && g.schema.args[0].type.base === "Tensor" && !g.schema.args[0].type.list,
  );
  if (asMethods.length === 0 || asMethods.some((g) => handWritten.has(g.schema.base))) continue;
  methodNames.push(name);
  methods += documented(asMethods, { method: true }, "    ");
}
table += "};\n";
functions += `\nexport {\n${exportsList.map((name) => `  ${name},\n`).join("")}};\n`;
methods += "  }\n}\n";
table += `\n/** Those that are methods of Tensor. */\nexport const methodNames: readonly string[] = ${JSON.stringify(methodNames)};\n`;

const out = join(root, "src", "torch", "generated");
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "table.ts"), table);
writeFileSync(join(out, "functions.ts"), functions);
writeFileSync(join(out, "methods.ts"), methods);
console.log(`${names.length} functions, ${methodNames.length} methods`);
