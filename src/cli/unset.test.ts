import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");

let root = "";
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "unset-")));
  for (const part of ["src", "scripts/setup", "package.json"])
    cpSync(join(ROOT, part), join(root, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const clinicadl = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, "src", "cli", "index.ts"), ...args], { encoding: "utf8" });

it("says to set the engine up where a command needs it, and helps without", () => {
  const message = `The engine of ClinicaDL in ${root} is not set up (libtorch and its addon). Run \`npx clinicadl setup\`.`;
  const demo = clinicadl("demo", "--epochs", "1");
  expect([demo.status, demo.stderr]).toEqual([1, `clinicadl: ${message}\n`]);
  const help = clinicadl("--help");
  expect(help.status).toBe(0);
  expect(help.stdout).toMatch(/setup[\s\S]*doctor[\s\S]*run[\s\S]*resume/);
  const doctor = clinicadl("doctor");
  expect([doctor.status, doctor.stderr]).toEqual([1, ""]);
  expect(doctor.stdout).toMatch(/^libtorch +not set up {2}← run npx clinicadl setup$/m);
});

it("has types and configs without an engine, and says to set it up at the first tensor", () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    exports: Record<string, string | { default: string }>;
  };
  const entries = Object.values(exports).flatMap((entry) =>
    typeof entry === "string" ? [] : [entry.default.replace("./dist/", "./src/").replace(/\.js$/, ".ts")],
  );
  expect(entries.length).toBeGreaterThan(20);
  const script = join(root, "script.mjs");
  writeFileSync(
    script,
    `for (const entry of ${JSON.stringify(entries)}) await import(entry);
    const { CNNConfig } = await import("./src/networks/index.ts");
    const config = new CNNConfig({ inShape: [1, 8, 8, 8], numOutputs: 2, convArgs: { channels: [2] } });
    const { AdamConfig } = await import("./src/optim/index.ts");
    console.log(config.numOutputs, new AdamConfig({ lr: 1 }).lr);
    const torch = await import("./src/torch/index.ts");
    for (const use of [() => torch.ones([2]), () => config.getObject(), () => torch.manualSeed(1)]) {
      try {
        use();
      } catch (error) {
        console.log(error.name, error.message);
      }
    }`,
  );
  const { stdout, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
  const message = `EngineNotSetUpError The engine of ClinicaDL in ${root} is not set up (libtorch and its addon). Run \`npx clinicadl setup\`.\n`;
  expect(stdout, stderr).toBe(`2 1\n${message.repeat(3)}`);
});
