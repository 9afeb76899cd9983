import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { exchangePaths, syncAll } from "./files.ts";

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

// that all of them are on the disk then is what test/faults finds out
it("files and folders are synced together, more than are open at a time; one that is not there is named", () => {
  const files = Array.from({ length: 150 }, (_, i) => join(dir, "a", `file-${i}`));
  for (const file of files) writeFileSync(file, file);
  syncAll([...files, join(dir, "a"), dir]);
  syncAll([]);
  const none = join(dir, "none");
  expect(() => syncAll([...files, none])).toThrow(expect.objectContaining({ code: "ENOENT", path: none }));
  expect(readFileSync(files[149]!, "utf8")).toBe(files[149]);
});

it("what cannot be synced is named", () => {
  // a device that takes what is written, and has no disk
  expect(() => syncAll([join(dir, "a"), "/dev/null"])).toThrow(
    expect.objectContaining({
      syscall: "fsync",
      path: "/dev/null",
      message: expect.stringMatching(/^E\w+: .*'\/dev\/null'$/),
    }),
  );
});
