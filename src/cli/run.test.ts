import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const BIN = join(import.meta.dirname, "..", "..", "bin", "clinicadl.mjs");

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "run-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], whenSaid: (child: ChildProcess, out: string) => void = () => {}): Promise<Ended> {
  const child = spawn(process.execPath, [BIN, ...args], { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (data) => {
    out += data;
    whenSaid(child, out);
  });
  child.stderr.on("data", (data) => {
    err += data;
  });
  return new Promise((done) => child.once("close", (code, signal) => done({ code, signal, out, err })));
}

describe("clinicadl run", () => {
  it.each([
    ["as npm init -y writes it", '{ "name": "x", "type": "commonjs" }'],
    ["of modules", '{ "type": "module" }'],
    ["that is silent", "{}"],
  ])("runs a TypeScript module and what it imports, with its arguments, beside a package.json %s", async (_, json) => {
    writeFileSync(join(dir, "package.json"), json);
    mkdirSync(join(dir, "lib"));
    writeFileSync(join(dir, "lib", "twice.ts"), "export const twice = (x: number): number => 2 * x;\n");
    writeFileSync(
      join(dir, "train.ts"),
      `import { twice } from "./lib/twice.ts";
const args: string[] = process.argv.slice(2);
console.log(JSON.stringify([await twice(21), args, Number(process.versions.node.split(".")[0]) >= 24]));
process.exitCode = 7;
`,
    );
    const { code, out, err } = await run(["run", "train.ts", "--help", "-x", "a b"]);
    expect(JSON.parse(out)).toEqual([42, ["--help", "-x", "a b"], true]);
    expect(code).toBe(7);
    expect(err.includes("ExperimentalWarning")).toBe(false);
  });

  it("runs a CommonJS script as one, and gives Node its options", async () => {
    writeFileSync(join(dir, "package.json"), '{ "type": "commonjs" }');
    writeFileSync(join(dir, "a.js"), 'console.log(typeof require("node:fs").readFileSync, process.execArgv[0]);\n');
    const { code, out } = await run(["run", "--max-old-space-size=200", "a.js"]);
    expect([code, out]).toEqual([0, "function --max-old-space-size=200\n"]);
  });

  it("shows the mistakes of a script as Node does", async () => {
    writeFileSync(join(dir, "package.json"), '{ "type": "commonjs" }');
    writeFileSync(join(dir, "a.ts"), "const x: number = ;\n");
    const { code, err } = await run(["run", "a.ts"]);
    expect(code).toBe(1);
    expect(err).toMatch(/a\.ts:1/);
  });

  it("passes signals on, and ends as the script does", async () => {
    const script = (body: string) =>
      writeFileSync(join(dir, "a.mjs"), `${body} setInterval(() => {}, 1000); console.log("ready");\n`);
    const kill = (child: ChildProcess) => child.kill("SIGTERM");
    script('process.on("SIGTERM", () => process.exit(9));');
    expect(await run(["run", "a.mjs"], kill)).toMatchObject({ code: 9, signal: null });
    script("");
    expect(await run(["run", "a.mjs"], kill)).toMatchObject({ code: null, signal: "SIGTERM" });
  });

  it("says what is missing", async () => {
    expect(await run(["run", "nowhere.ts"])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no script .*nowhere\.ts/),
    });
    expect(await run(["run", "--help"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/<script> \[arguments\]/),
    });
    expect(await run(["run"])).toMatchObject({ code: 1, err: expect.stringMatching(/run needs a script/) });
  });
});
