import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
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
  expect(help.stdout).toMatch(/setup[\s\S]*doctor[\s\S]*run/);
  expect(help.stdout).toContain(message);
  const doctor = clinicadl("doctor");
  expect([doctor.status, doctor.stderr]).toEqual([1, ""]);
  expect(doctor.stdout).toMatch(/^libtorch +not set up {2}← run npx clinicadl setup$/m);
});
