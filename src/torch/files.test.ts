import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { exchangePaths } from "./files.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "exchange-"));
  for (const name of ["a", "b"]) {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, `of-${name}`), "");
  }
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("paths are exchanged, or the system says that it has no exchange", () => {
  const done = exchangePaths(join(dir, "a"), join(dir, "b"));
  expect(readdirSync(join(dir, "a"))).toEqual([done ? "of-b" : "of-a"]);
});

it("an exchange that fails is an error with its code and both paths, not a system without exchanges", () => {
  const [a, none] = [join(dir, "a"), join(dir, "none")];
  expect(() => exchangePaths(a, none)).toThrow(
    expect.objectContaining({ code: "ENOENT", path: a, dest: none, message: expect.stringContaining(`'${none}'`) }),
  );
  expect(readdirSync(a)).toEqual(["of-a"]);
});
