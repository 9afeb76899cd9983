/**
 * Runs a page of the documentation, from the Markdown itself, in a folder of its own, as a reader would:
 *
 * - `<!-- file: NAME -->` before a ts block saves it; `<!-- program: NAME -->` saves and runs it. A ts block without such
 *   a comment goes on with the one before.
 * - `<!-- file: NAME.yaml -->` before a yaml block saves it.
 * - `<!-- program: NAME; SIGTERM at PATH, exits with 143 -->`: the process sends itself the signal as soon as PATH exists.
 * - sh blocks are run by bash, in a folder where this package is installed already; r blocks by R.
 * - What a program prints must be what follows `// → ` in its lines; in R, `# → `.
 * - `<!-- begins as: PAGE -->` in the first line: all blocks of that page, by its path from here, come first.
 */
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { constants, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram } from "../system/program.ts";
import { onSources } from "./example-programs.ts";
import { typeErrors } from "./types.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Signal {
  readonly name: NodeJS.Signals;
  readonly at: string;
}
interface Step {
  readonly kind: "program" | "shell" | "r";
  readonly name: string;
  readonly code: string;
  readonly signal: Signal | null;
  readonly exitCode: number;
}
interface Blocks {
  /** The page whose blocks come first. */
  readonly begins: string | null;
  readonly files: Map<string, string>;
  readonly steps: readonly Step[];
  /** The content of text blocks. */
  readonly texts: readonly string[];
}

const BEGINS = /^<!-- begins as: ((?:\.\.\/)?[\w-]+\.md) -->$/;
const MARK = /^<!-- (file|program): ([\w-]+\.(?:ts|yaml))(?:; (SIG\w+) at (\S+), exits with (\d+))? -->$/;

/** @throws for a block that would not be run. */
export function parse(markdown: string, page = "a page"): Blocks {
  const files = new Map<string, string>();
  const steps: Step[] = [];
  const texts: string[] = [];
  const lines = markdown.split("\n");
  const begins = BEGINS.exec(lines[0] ?? "")?.[1] ?? null;
  let mark: RegExpExecArray | null = null;
  let open: { readonly name: string; readonly step: { code: string } | null } | null = null;
  for (let i = begins === null ? 0 : 1; i < lines.length; i++) {
    const line = lines[i] ?? "";
    const where = `${page}, line ${i + 1}`;
    if (line.startsWith("<!--")) {
      mark = MARK.exec(line);
      const language = mark?.[2]?.endsWith(".yaml") === true ? "yaml" : "ts";
      const wrong =
        mark === null || lines[i + 1] !== `\`\`\`${language}` || (language === "yaml" && mark[1] !== "file");
      if (wrong) throw new Error(`${where}: no mark of a ts or yaml block: ${line}`);
      continue;
    }
    if (/^\s+(```|~~~)|^~~~/.test(line)) throw new Error(`${where}: a block of another form: ${line}`);
    if (!line.startsWith("```")) continue;
    const end = lines.indexOf("```", i + 1);
    if (end < 0) throw new Error(`${where}: the block does not end`);
    const code = `${lines.slice(i + 1, end).join("\n")}\n`;
    const [, kind, name = "", signal, at = "", exitCode = "0"] = mark ?? [];
    mark = null;
    i = end;
    switch (line) {
      case "```text":
        texts.push(code);
        break;
      case "```sh":
      case "```r":
        steps.push({ kind: line === "```r" ? "r" : "shell", name: `line ${i}`, code, signal: null, exitCode: 0 });
        open = null;
        break;
      case "```ts": {
        if (kind === undefined) {
          if (open === null) throw new Error(`${where}: the block belongs to no program`);
          files.set(open.name, `${files.get(open.name)}\n${code}`);
          if (open.step !== null) open.step.code += code;
          break;
        }
        if (files.has(name)) throw new Error(`${where}: there is a ${name} already`);
        files.set(name, code);
        const sent = signal === undefined ? null : { name: signal as NodeJS.Signals, at };
        const step = { kind: "program", name, code, signal: sent, exitCode: Number(exitCode) } as const;
        if (kind === "program") steps.push(step);
        open = { name, step: kind === "program" ? step : null };
        break;
      }
      case "```yaml":
        if (name === "") throw new Error(`${where}: a yaml block needs a name: <!-- file: experiment.yaml -->`);
        if (files.has(name)) throw new Error(`${where}: there is a ${name} already`);
        files.set(name, code);
        open = null;
        break;
      default:
        throw new Error(`${where}: a block of an unknown kind: ${line}`);
    }
  }
  return { begins, files, steps, texts };
}

/** A page as it is on disk, by its path from the root. */
function read(path: string): Blocks & { readonly text: string } {
  const text = readFileSync(join(root, path), "utf8");
  return { text, ...parse(text, path) };
}

/** The files of a page, with those of the page as which it begins. */
function filesOf(path: string): Map<string, string> {
  const { begins, files } = read(path);
  if (begins === null) return files;
  const before = filesOf(join(dirname(path), begins));
  const both = [...files.keys()].filter((name) => before.has(name));
  if (both.length > 0) throw new Error(`${path} and ${begins} both have ${both.join(", ")}`);
  return new Map([...before, ...files]);
}

interface Ended {
  /** As a shell has it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
  // what the chapter says of bits is said of the CPU
  const env = { ...process.env, PATH: path, CUDA_VISIBLE_DEVICES: "" };
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const said = { out: "", err: "" };
  child.stdout.on("data", (data) => {
    said.out += data;
  });
  child.stderr.on("data", (data) => {
    said.err += data;
  });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code, signal) =>
      done({ ...said, code: signal === null ? code : 128 + constants.signals[signal] }),
    );
  });
}

/** For `--import`: as soon as a path exists, at the next turn of the event loop. */
function signalAt({ name, at }: Signal): string {
  return `data:text/javascript,${encodeURIComponent(`
    import { existsSync } from "node:fs";
    const timer = setInterval(() => {
      if (!existsSync(${JSON.stringify(at)})) return;
      clearInterval(timer);
      process.kill(process.pid, ${JSON.stringify(name)});
    }, 1).unref();`)}`;
}

/**
 * `npm` does nothing, since the package is there, and `npx` is this checkout's; a cohort of which no size is said is small;
 * there is no Slurm; a failure in the background is one.
 */
const SHELL = `set -e
npm() { :; }
npx() {
  [ "$1" = clinicadl ] && shift
  [ "$1" != setup ] || return 0
  [ "$*" != "generate bids" ] || set -- generate bids --participants 8 --resolution 12
  node '${join(root, "src/cli/index.ts")}' "$@"
}
srun() { "$@"; }
wait() { local job; for job in $(jobs -p); do builtin wait "$job"; done; }
`;

/** R with the package that its blocks use. */
const R = {
  who: "The pages with blocks of R",
  names: ["Rscript"],
  packages: ["r-base-core", "r-cran-jsonlite"],
  check: ["-e", "library(jsonlite)"],
} as const;

async function runStep({ kind, code, name, signal }: Step, dir: string): Promise<Ended> {
  switch (kind) {
    case "shell":
      return await run("bash", ["-c", `${SHELL}${code}`], dir);
    case "r":
      // nothing of what the user has set in files of R
      return await run(findProgram(R), ["--vanilla", "-e", code], dir);
    case "program":
      return await run(process.execPath, [...(signal === null ? [] : ["--import", signalAt(signal)]), name], dir);
  }
}

/** A folder with the files of a page, in which the package is installed. */
function folderOf(path: string, dir: string): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "package.json"), JSON.stringify({ type: "module" }));
  mkdirSync(join(dir, "node_modules"), { recursive: true });
  for (const [name, target] of [
    ["clinicadl", root],
    ["zod", join(root, "node_modules", "zod")],
  ] as const) {
    const link = join(dir, "node_modules", name);
    if (!existsSync(link)) symlinkSync(target, link);
  }
  for (const [name, code] of filesOf(path)) writeFileSync(join(dir, name), onSources(code));
}

const base = mkdtempSync(join(tmpdir(), "documentation-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** What the blocks of a page leave, for those that begin as it does: they run once. */
const left = new Map<string, Promise<string>>();
function leftBy(path: string): Promise<string> {
  const known = left.get(path);
  if (known !== undefined) return known;
  const leaves = runAll(path, join(base, `left-${left.size}`));
  left.set(path, leaves);
  return leaves;
}

async function runAll(path: string, dir: string): Promise<string> {
  await begin(path, dir);
  for (const step of read(path).steps) {
    const { code, err } = await runStep(step, dir);
    expect(code, `${path}, ${step.name}: ${err}`).toBe(step.exitCode);
  }
  return dir;
}

async function begin(path: string, dir: string): Promise<void> {
  const { begins } = read(path);
  if (begins !== null) cpSync(await leftBy(join(dirname(path), begins)), dir, { recursive: true });
  folderOf(path, dir);
}

/** Declares the test that the programs of pages have the types of the package; they are checked together, which is quicker. */
export function describeTypes(paths: readonly string[]): void {
  const programs = paths.flatMap((path, i) =>
    [...filesOf(path).keys()].filter((name) => name.endsWith(".ts")).map((name) => `${i}/${name}`),
  );
  it.skipIf(programs.length === 0)("the programs have the types of the package", { timeout: 600_000 }, () => {
    const dir = join(base, "types");
    for (const [i, path] of paths.entries()) folderOf(path, join(dir, String(i)));
    expect(typeErrors(dir, programs, true)).toEqual([]);
  });
}

export interface Page {
  readonly text: string;
  /** The content of text blocks. */
  readonly texts: readonly string[];
  /** Where the examples have run: what they left is there until the tests of the file end. */
  readonly folder: () => string;
}

let pages = 0;

/** Declares the tests that run every block of a page, in their order; `path` is that from the root. */
export function describePage(path: string): Page {
  const { text, texts, files, steps } = read(path);
  const dir = join(base, `page-${pages++}`);

  describe(`the blocks of ${path}`, () => {
    beforeAll(() => begin(path, dir), 300_000);

    it("are found, and none is only shown", () => {
      const shell = steps.flatMap(({ kind, code }) => (kind === "shell" ? [code] : []));
      for (const name of files.keys()) {
        const others = [...files].flatMap(([other, code]) => (other === name ? [] : [code]));
        const isRun = steps.some((step) => step.name === name);
        if (!isRun) expect([...others, ...shell].join("\n"), name).toMatch(new RegExp(`[ /]${name}\\b`));
      }
    });

    it.each(steps.map((step) => [step.name, step] as const))("%s", async (_, step) => {
      const { code, out, err } = await runStep(step, dir);
      expect(code, err).toBe(step.exitCode);
      if (step.kind === "shell") return;
      const expected = [...step.code.matchAll(/(?:\/\/|#) → (.*)$/gm)].map((match) => match[1]);
      expect(out.split("\n").slice(0, -1)).toEqual(expected);
      // the command that is printed is the one that the chapter tells, with the whole path
      const advice = /^To go on: (npx .*)$/m.exec(err)?.[1]?.replace(join(realpathSync(dir), "/"), "");
      if (step.signal?.name === "SIGTERM" && text.includes("npx clinicadl resume"))
        expect(text).toContain(`\n${advice}\n`);
    });
  });
  return { text, texts, folder: () => dir };
}
