import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { isSyncedLater, syncLater } from "../../utils/sync-later.ts";
import { ensureFolder, makeFolder, removeFile, syncFolder } from "./folders.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "folders-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

// that each level is synced is what test/faults finds out, with disks that lose what was not
it("makes a folder with those above it, and leaves one that is there", () => {
  makeFolder(join(dir, "a/b/c"));
  expect(existsSync(join(dir, "a/b/c"))).toBe(true);
  writeFileSync(join(dir, "a/b/c/file"), "");
  makeFolder(join(dir, "a/b/c"));
  makeFolder(join(dir, "a/b/../d/"));
  expect(existsSync(join(dir, "a/b/c/file"))).toBe(true);
  expect(existsSync(join(dir, "a/d"))).toBe(true);
  expect(() => makeFolder(join(dir, "a/b/c/file"))).toThrow(/EEXIST/);
});

it("says which folder is the highest that it made", () => {
  expect(ensureFolder(join(dir, "a/b/c"))).toBe(join(dir, "a"));
  expect(ensureFolder(join(dir, "a/b/d"))).toBe(join(dir, "a/b/d"));
  expect(ensureFolder(join(dir, "a/b"))).toBe(undefined);
  writeFileSync(join(dir, "file"), "");
  expect(() => ensureFolder(join(dir, "file/a"))).toThrow(/ENOTDIR/);
});

// in a process of its own, which can be ended where it hangs
it.runIf(process.platform === "linux")("fails where the system makes no folder in one that is there", () => {
  const program = `import { makeFolder } from ${JSON.stringify(join(import.meta.dirname, "folders.ts"))}; makeFolder("/proc/a/b");`;
  const { status, signal, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    timeout: 300_000,
  });
  expect({ status, signal }).toEqual({ status: 1, signal: null });
  expect(stderr).toContain("ENOENT: no such file or directory, mkdir '/proc/a'");
});

it("deletes a file that may be there", () => {
  writeFileSync(join(dir, "file"), "");
  removeFile(join(dir, "file"));
  removeFile(join(dir, "file"));
  expect(existsSync(join(dir, "file"))).toBe(false);
  mkdirSync(join(dir, "folder"));
  expect(() => removeFile(join(dir, "folder"))).toThrow(/folder/);
});

it("leaves syncing to whoever gives a folder its name", () => {
  {
    using _later = syncLater(join(dir, "staging"));
    const states = ["staging", "staging/a/b", "staging2", "."].map((name) => isSyncedLater(join(dir, name)));
    expect(states).toEqual([true, true, false, false]);
    syncFolder(join(dir, "staging/none")); // would fail: it is not there
    expect(() => syncFolder(join(dir, "none"))).toThrow(/none/);
  }
  expect(isSyncedLater(join(dir, "staging"))).toBe(false);
});
