import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { load } from "../../torch/index.ts";
import { NotRegularFileError, openRegular, readJson, readRegular } from "./index.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "regular-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("only regular files are opened; links where they are followed", () => {
  const path = join(dir, "file");
  writeFileSync(path, "text");
  closeSync(openRegular(path));
  symlinkSync(path, join(dir, "link"));
  expect(readRegular(join(dir, "link"))).toBe("text");
  expect(() => readRegular(join(dir, "link"), { follow: false })).toThrow(/link is a link/);
  mkdirSync(join(dir, "folder"));
  expect(() => readRegular(join(dir, "folder"))).toThrow(/EISDIR.*folder is a folder/);
  expect(() => readRegular("/dev/zero")).toThrow(NotRegularFileError);
  expect(() => readRegular(join(dir, "none"))).toThrow(/ENOENT.*none/);
});

it("nothing waits for a pipe", () => {
  const path = join(dir, "pipe");
  expect(spawnSync("mkfifo", [path]).status).toBe(0);
  expect(() => readJson(path)).toThrow(/pipe is a pipe/);
  expect(() => load(path)).toThrow(/not a file/);
});
