import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { FakeMachine } from "./setup/fake-machine.ts";
import { cacheRoot } from "./setup/platform.mjs";

const URL_OF_IT = pathToFileURL(join(import.meta.dirname, "python-environment.mjs")).href;

/** A machine whose Python makes environments of itself, notes what it is asked, and fails at the word `fails`. */
function machineWithPython(): FakeMachine {
  const machine = new FakeMachine(["mkdir", "cp", "sleep", "dirname"]);
  const python = join(machine.bin, "python3");
  writeFileSync(
    python,
    `#!/bin/sh
echo "$*" >> ${join(machine.bin, "log")}
case "$*" in
  *fails*) exit 3 ;;
  "-m venv "*) mkdir -p "$3/bin"; sleep 0.3; cp "$0" "$3/bin/python" ;;
  "-c "*) : > "$(dirname "$0")/../.tmp-complete" ;;
esac
`,
  );
  chmodSync(python, 0o755);
  return machine;
}

/** Asks in a process of its own: what it printed, and how it ended. */
function ask(machine: FakeMachine, requirement: string): Promise<{ out: string; errors: string; code: number | null }> {
  const environment = {
    name: "test",
    what: "a test",
    size: "1 MB",
    variable: "CLINICADL_TEST_PYTHON",
    requirements: [requirement],
    imports: ["one"],
  };
  const script = `const { pythonEnvironment } = await import(${JSON.stringify(URL_OF_IT)}); process.stdout.write(pythonEnvironment(${JSON.stringify(environment)}));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { env: machine.env });
  const said = { out: "", errors: "" };
  child.stdout.on("data", (data) => (said.out += String(data)));
  child.stderr.on("data", (data) => (said.errors += String(data)));
  return new Promise((done) => child.once("close", (code) => done({ ...said, code })));
}

it("is made once when two processes ask for it at the same time", async () => {
  using machine = machineWithPython();
  const python = join(cacheRoot(machine.env), "test", "bin", "python");
  for (const { out, code } of await Promise.all([ask(machine, "a==1"), ask(machine, "a==1")]))
    expect({ out, code }).toEqual({ out: python, code: 0 });
  const asked = readFileSync(join(machine.bin, "log"), "utf8").trim().split("\n");
  expect(asked.map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
    `-m venv ${join(cacheRoot(machine.env), "test")}`,
    "-m pip install",
    expect.stringMatching(/^-c import one;/),
  ]);
});

it("is not there after a step that failed, which is said", async () => {
  using machine = machineWithPython();
  const { out, errors, code } = await ask(machine, "fails==1");
  expect({ out, code }).toEqual({ out: "", code: 1 });
  expect(errors).toMatch(/pip install --quiet fails==1 ended with 3/);
  expect(errors).toMatch(/The environment of a test could not be made .*CLINICADL_TEST_PYTHON/);
  expect(existsSync(join(cacheRoot(machine.env), "test", ".complete"))).toBe(false);
  expect((await ask(machine, "b==1")).code).toBe(0);
});
