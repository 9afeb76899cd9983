/** The example of each public class and function, in its doc comment, is type-checked and run. */
import { spawn } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { isModuleNamespaceObject } from "node:util/types";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commentsOf, examplesOf, root } from "./comments.ts";
import { entries, namesMadeIn, namesOfEntries, onSources, programsOf } from "./example-programs.ts";
import { EXCUSED } from "./excused.ts";
import { typeErrors } from "./types.ts";

/** The rooms whose public classes and functions all have an example. */
const ROOMS = [
  "callbacks",
  "data",
  "infer",
  "io",
  "losses",
  "metrics",
  "models",
  "networks",
  "optim",
  "split",
  "torch",
  "train",
  "transforms",
];
/** What is exported by the doors of others: random numbers are for transforms, events and their state for callbacks, floats for JSON. */
const SHARED = ["run", "utils/floats", "utils/random"];
const files = (rooms: readonly string[]) =>
  [...rooms, ...SHARED]
    .flatMap((room) => globSync([`src/${room}.ts`, `src/${room}/**/*.ts`], { cwd: root }))
    .filter((path) => !/\.test\.ts$|\/(fixtures|generated|golden)\//.test(path))
    .sort();

const GIVEN = readFileSync(join(import.meta.dirname, "given.ts"), "utf8");
const given = [...GIVEN.matchAll(/^export (?:const \[?|(?:async )?function )(\w+)/gm)].map(([, name = ""]) => name);
const programs = programsOf(files(ROOMS), await namesOfEntries(), given);

const dir = mkdtempSync(join(tmpdir(), "examples-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Runs a program of a folder. @throws Error with what it said where it fails. */
async function run(cwd: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, CUDA_VISIBLE_DEVICES: "" };
  const child = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const closed = new Promise<number | null>((done, fail) => {
    child.once("error", fail);
    child.once("close", done);
  });
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${err}${out}`);
  return out;
}

const ran = new Map<string, { readonly lines: readonly string[]; readonly error: string | null }>();
beforeAll(async () => {
  const begin = join(dir, "begin");
  mkdirSync(begin);
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  writeFileSync(join(dir, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(dir, "given.ts"), onSources(GIVEN));
  for (const [i, { source }] of programs.entries()) writeFileSync(join(dir, `example-${i}.ts`), source);
  const cli = join(root, "src/cli/index.ts");
  await run(begin, cli, "generate", "bids", "--participants", "16", "--resolution", "12", "--masks");
  writeFileSync(join(dir, "begin.ts"), onSources(BEGIN));
  await run(begin, join(dir, "begin.ts"));
  const names = programs.map((_, i) => `example-${i}.ts`);
  const out = await run(dir, join(import.meta.dirname, "run-examples.ts"), dir, ...names);
  for (const line of out.split("\n").slice(0, -1)) {
    const { program, ...said } = JSON.parse(line);
    ran.set(program, said);
  }
});

/** What the examples find: folds, and a MAPS that was trained on the first of them. */
const BEGIN = `
import { makeKFold } from "clinicadl/split";
import { Trainer } from "clinicadl/train";

makeKFold("bids/metadata.tsv", { nSplits: 3, stratification: "diagnosis", outputDir: "splits", seed: 42 });
const { model, split } = await import("./given.ts");
await new Trainer({ maps: "maps", model, optimization: { numEpochs: 2 } }).train(split, { computational: { seed: 42 } });
`;

it("the examples have the types of the package", () => {
  expect(
    typeErrors(
      dir,
      [...programs.keys()].map((i) => `example-${i}.ts`),
      false,
    ),
  ).toEqual([]);
});

describe("the examples of doc comments", () => {
  it.each(programs.map(({ name, printed }, i) => [name, printed, i] as const))("%s", (_, printed, i) => {
    const said = ran.get(`example-${i}.ts`);
    expect(said?.error).toBe(null);
    expect(said?.lines).toEqual(printed);
  });
});

it("a block of code in a doc comment is an example", () => {
  const comment = { path: "a.ts", line: 1, of: null, member: null };
  expect(examplesOf({ ...comment, text: "A sum.\n\n@example\n```ts\n1 + 1;\n```" })).toEqual(["1 + 1;"]);
  expect(() => examplesOf({ ...comment, text: "A sum.\n\n```ts\n1 + 1;\n```" })).toThrow("a.ts, line 1: a ts block");
});

it("a name that an example makes is not imported, however it makes it", () => {
  const code =
    "const { model, rest: other, epoch = start, ...more } = read; for (const [[i], loss] of losses) using x = f();";
  expect([...namesMadeIn(code)].sort()).toEqual(["epoch", "i", "loss", "model", "more", "other", "x"]);
});

describe("public classes and functions have an example", () => {
  const sources = entries().filter((path) => ROOMS.some((room) => path.startsWith(`src/${room}/`)));
  it.each(sources)("%s", async (path) => {
    const [public_, shown] = await Promise.all([publicOf(path), shownOf(files([path.split("/")[1] ?? ""]))]);
    expect(public_.size).toBeGreaterThan(0);
    expect(
      [...public_].filter(([name, value]) => !shown.has(value) && !(name in EXCUSED)).map(([name]) => name),
    ).toEqual([]);
  });

  it("nothing is excused that has one, or is not there", async () => {
    const shown = await shownOf(files(ROOMS));
    const public_ = new Map((await Promise.all(sources.map(publicOf))).flatMap((names) => [...names]));
    expect(Object.keys(EXCUSED).filter((name) => !public_.has(name) || shown.has(public_.get(name)))).toEqual([]);
  });

  it("and so has each member of a tensor that is no operator", async () => {
    const { Tensor } = await import("../../src/torch/index.ts");
    const { methodNames } = await import("../../src/torch/generated/table.ts");
    const written = [Tensor.prototype, Object.getPrototypeOf(Tensor.prototype)].flatMap(Object.getOwnPropertyNames);
    const asked = new Set(["isTensor", ...written]).difference(new Set(["constructor", ...methodNames, ...OF_ROOMS]));
    expect(asked.size).toBeGreaterThan(30);
    const comments = ["src/torch/tensor.ts", "src/torch/owned-handle.ts"].flatMap(commentsOf);
    const shown = new Set(comments.flatMap((c) => (c.member !== null && examplesOf(c).length > 0 ? [c.member] : [])));
    expect([...asked.difference(shown)]).toEqual([]);
  });
});

/** What of a tensor is there for scopes, threads and operators, and not for users. */
const OF_ROOMS = ["handleFor", "disposeWith", "surrender", "leaveScope"];

/** The public classes and functions of an entry by name: in torch `torch.nn.Linear`, without the operators, whose words are PyTorch's. */
async function publicOf(path: string): Promise<Map<string, unknown>> {
  const exported: Readonly<Record<string, unknown>> = await import(join(root, path));
  if (path !== "src/torch/index.ts") return functionsOf(exported, "");
  const operators = new Set<unknown>(Object.values(await import("../../src/torch/ops.ts")));
  return new Map([...functionsOf(exported, "torch.")].filter(([, value]) => !operators.has(value)));
}

function functionsOf(exported: object, prefix: string): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value === "function") found.set(prefix + name, value);
    else if (isModuleNamespaceObject(value))
      for (const [inner, one] of functionsOf(value, `${prefix}${name}.`)) found.set(inner, one);
  }
  return found;
}

/** The classes and functions of some files whose doc comments have an example: themselves, since two files may have one of a name. */
async function shownOf(paths: readonly string[]): Promise<Set<unknown>> {
  const shown = new Set<unknown>();
  for (const path of paths) {
    const names = commentsOf(path).flatMap((c) => (c.of !== null && examplesOf(c).length > 0 ? [c.of] : []));
    if (names.length === 0) continue;
    const exported: Readonly<Record<string, unknown>> = await import(join(root, path));
    for (const name of names) shown.add(exported[name]);
  }
  return shown;
}
