import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { FakeMachine } from "./fake-machine.ts";

const helper = pathToFileURL(join(import.meta.dirname, "compiled.mjs")).href;

function start(machine: FakeMachine, env: Record<string, string>): string {
  const program = machine.path("program.mjs");
  writeFileSync(program, "export const greet = () => process.stdout.write('here');\n");
  const script = `(await import("${helper}")).keepCompiled(); (await import("${pathToFileURL(program).href}")).greet();`;
  const options = { encoding: "utf8", env: { PATH: process.env.PATH, ...env } } as const;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], options);
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
}

it("what was compiled is kept in the user's cache, and programs run where there can be none", () => {
  using machine = new FakeMachine();
  const cache = machine.path("cache");
  expect(start(machine, { XDG_CACHE_HOME: cache })).toBe("here");
  const kept = readdirSync(join(cache, "clinicadl", "compiled"), { recursive: true });
  expect(kept.length).toBeGreaterThan(1);
  expect(start(machine, { XDG_CACHE_HOME: cache })).toBe("here");
  expect(start(machine, { XDG_CACHE_HOME: "no/absolute/path" })).toBe("here");
  writeFileSync(machine.path("file"), "");
  expect(start(machine, { XDG_CACHE_HOME: machine.path("file") })).toBe("here");
  expect(existsSync("no")).toBe(false);
});
