/** The example of each public class and function, in its doc comment, is type-checked and run. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { examplesOf, root } from "./comments.ts";
import { namesMadeIn, namesOfEntries, onSources, programsOf } from "./example-programs.ts";
import { files, ROOMS } from "./rooms.ts";
import { typeErrors } from "./types.ts";

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
