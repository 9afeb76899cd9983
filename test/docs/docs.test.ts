/**
 * Runs the chapter of the documentation, from the Markdown itself, in a folder of its own, as a reader would:
 *
 * - `<!-- file: NAME -->` before a ts block saves it; `<!-- program: NAME -->` saves and runs it. A ts block without such
 *   a comment goes on with the one before.
 * - `<!-- program: NAME; SIGTERM at PATH, exits with 143 -->`: the process sends itself the signal as soon as PATH exists.
 * - sh blocks are run by bash.
 * - What a program prints must be what follows `// → ` in its lines.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { constants, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { TrainingCheckpointCallback } from "../../src/callbacks/index.ts";
import { OptimizationConfig } from "../../src/optim/index.ts";
import { ComputationalConfig } from "../../src/train/index.ts";

vi.setConfig({ testTimeout: 180_000 });

const root = fileURLToPath(new URL("../../", import.meta.url));
const chapter = join(root, "docs", "training.md");
const text = readFileSync(chapter, "utf8");

interface Signal {
  readonly name: NodeJS.Signals;
  readonly at: string;
}
interface Step {
  readonly kind: "program" | "shell";
  readonly name: string;
  readonly code: string;
  readonly signal: Signal | null;
  readonly exitCode: number;
}
interface Chapter {
  readonly files: Map<string, string>;
  readonly steps: readonly Step[];
  /** The content of text blocks. */
  readonly texts: readonly string[];
}

const MARK = /^<!-- (file|program): ([\w-]+\.ts)(?:; (SIG\w+) at (\S+), exits with (\d+))? -->$/;

/** @throws for a block that would not be run. */
function parse(markdown: string): Chapter {
  const files = new Map<string, string>();
  const steps: Step[] = [];
  const texts: string[] = [];
  const lines = markdown.split("\n");
  let mark: RegExpExecArray | null = null;
  let open: { readonly name: string; readonly step: { code: string } | null } | null = null;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    const where = `docs/training.md, line ${i + 1}`;
    if (line.startsWith("<!--")) {
      mark = MARK.exec(line);
      if (mark === null || lines[i + 1] !== "```ts") throw new Error(`${where}: no mark of a ts block: ${line}`);
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
        steps.push({ kind: "shell", name: `line ${i}`, code, signal: null, exitCode: 0 });
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
      default:
        throw new Error(`${where}: a block of an unknown kind: ${line}`);
    }
  }
  return { files, steps, texts };
}

/** The program, with this package's names as paths in src/. */
function onSources(code: string): string {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return code.replace(/"clinicadl(\/[^"]+)"/g, (name, entry: string) => {
    const target: string | undefined = exports[`.${entry}`]?.default;
    if (target === undefined) throw new Error(`${name} is not in the exports of package.json`);
    return JSON.stringify(join(root, target.replace("./dist/", "src/").replace(/\.js$/, ".ts")));
  });
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

/** `npx` is this checkout's; there is no Slurm; a failure in the background is one. */
const SHELL = `set -e
npx() { [ "$1" = clinicadl ] && shift && node '${join(root, "src/cli/index.ts")}' "$@"; }
srun() { "$@"; }
wait() { local job; for job in $(jobs -p); do builtin wait "$job"; done; }
`;

const { files, steps, texts } = parse(text);
let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "training-chapter-"));
  writeFileSync(join(dir, "package.json"), JSON.stringify({ type: "module" }));
  for (const [name, code] of files) writeFileSync(join(dir, name), onSources(code));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("the blocks of the chapter", () => {
  it("are found, and none is only shown", () => {
    expect(steps.length).toBeGreaterThan(10);
    const shell = steps.flatMap(({ kind, code }) => (kind === "shell" ? [code] : []));
    for (const name of files.keys()) {
      const others = [...files].flatMap(([other, code]) => (other === name ? [] : [code]));
      const isRun = steps.some((step) => step.name === name);
      if (!isRun) expect([...others, ...shell].join("\n"), name).toMatch(new RegExp(`[ /]${name}\\b`));
    }
  });

  it("are refused where they would not be run", () => {
    expect(() => parse("```ts\n1;\n```\n")).toThrow("line 1: the block belongs to no program");
    expect(() => parse("<!-- program: a.ts -->\n\n```ts\n```\n")).toThrow("line 1: no mark");
    expect(() => parse("```typescript\n```\n")).toThrow("unknown kind");
    expect(() => parse("<!-- program: a.ts -->\n```ts\n1;\n")).toThrow("does not end");
  });

  it("have the types of the package", () => {
    const options = {
      ...{ target: "esnext", lib: ["esnext"], module: "nodenext", types: ["node"], strict: true, noUnusedLocals: true },
      ...{ noEmit: true, allowImportingTsExtensions: true, skipLibCheck: true, verbatimModuleSyntax: true },
      typeRoots: [join(root, "node_modules/@types")],
    };
    writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: [...files.keys()] }));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", dir], { cwd: dir, encoding: "utf8" });
    const errors = stdout.split("\n").filter((line) => line.includes("error TS"));
    // those in src/ are another check's
    expect(errors.filter((line) => !line.startsWith(".."))).toEqual([]);
    if (errors.length === 0) expect(status).toBe(0);
  });

  it.each(steps.map((step) => [step.name, step] as const))("%s", async (_, step) => {
    const { code: block, name, signal, exitCode } = step;
    const { code, out, err } =
      step.kind === "shell"
        ? await run("bash", ["-c", `${SHELL}${block}`], dir)
        : await run(process.execPath, [...(signal === null ? [] : ["--import", signalAt(signal)]), name], dir);
    expect(code, err).toBe(exitCode);
    if (step.kind === "shell") return;
    const expected = [...block.matchAll(/\/\/ → (.*)$/gm)].map((match) => match[1]);
    expect(out.split("\n").slice(0, -1)).toEqual(expected);
    // the command that is printed is the one that the chapter tells, with the whole path
    const advice = /^To go on: (npx .*)$/m.exec(err)?.[1]?.replace(join(realpathSync(dir), "/"), "");
    if (signal?.name === "SIGTERM") expect(text).toContain(`\n${advice}\n`);
  });
});

describe("the rest of the chapter", () => {
  it("gives the defaults", () => {
    const [optimization, computational] = [new OptimizationConfig(), new ComputationalConfig()];
    const objects: readonly (readonly [object, readonly string[]])[] = [
      [optimization, Object.keys(optimization.fields())],
      [computational, Object.keys(computational.fields())],
      [new TrainingCheckpointCallback(), Object.keys(new TrainingCheckpointCallback())],
    ];
    for (const [object, options] of objects) {
      const [, table = ""] = text.split(`| \`${object.constructor.name}\` | default | |\n`);
      const [rows = ""] = table.split("\n\n");
      const cells = [...rows.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)];
      expect(cells.map(([, option]) => option).sort()).toEqual([...options].sort());
      for (const [, option = "", value = ""] of cells) {
        // words stand for what depends on the machine
        if (value.startsWith("`")) expect(value, option).toBe(`\`${Reflect.get(object, option)}\``);
      }
    }
  });

  it("shows all of the MAPS", () => {
    const [tree = ""] = texts;
    const [top = "", ...lines] = tree.trimEnd().split("\n");
    const paths = [top];
    const known = new Map<string, string[]>();
    for (const line of lines) {
      const depth = (line.length - line.trimStart().length) / 2;
      const names = (line.trim().split(/ {2,}/)[0] ?? "").split(", ");
      const parent = paths.slice(0, depth).join("");
      for (const name of names) {
        const pattern = name.replace(/<\w+>/g, "*");
        expect(globSync(join(dir, parent, pattern)), parent + name).not.toEqual([]);
        known.set(parent, [...(known.get(parent) ?? []), pattern.split("/")[0] ?? ""]);
      }
      paths[depth] = names[0] ?? "";
    }
    for (const [parent, patterns] of known) {
      const listed = patterns.flatMap((pattern) => globSync(pattern, { cwd: join(dir, parent) }));
      expect(readdirSync(join(dir, parent)).sort(), parent).toEqual([...new Set(listed)].sort());
    }
  });

  it("links to what is there", () => {
    const targets = [...text.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] ?? "");
    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets) {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? chapter : join(dirname(chapter), path);
      expect(existsSync(file), target).toBe(true);
      if (anchor === undefined) continue;
      const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map((match) => match[1] ?? "");
      expect(
        headings.map((heading) =>
          heading
            .toLowerCase()
            .replace(/[^\w -]/g, "")
            .replaceAll(" ", "-"),
        ),
      ).toContain(anchor);
    }
  });
});
