import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { findProgram } from "./program.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "program-"));
  // without a package manager
  vi.stubEnv("PATH", dir);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

const wanted = { who: "These tests", names: ["one", "other"], packages: ["ones", "more"] } as const;
function program(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

it("finds a program by any of its names", () => {
  const path = program("other", "exit 0");
  expect(findProgram(wanted)).toBe(path);
});

it("says what to install where there is none, or not all that it needs", () => {
  expect(() => findProgram(wanted)).toThrow("These tests need one: install it (Debian: apt-get install ones more).");
  program("one", '[ "$1" = there ]');
  expect(findProgram({ ...wanted, check: ["there"] })).toBe(join(dir, "one"));
  expect(() => findProgram({ ...wanted, check: ["missing"], instead: "or do without" })).toThrow(
    "install ones more), or do without.",
  );
});
