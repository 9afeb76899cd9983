import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { TsvStream, writeTsv } from "./index.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "stream-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("writes what writeTsv writes, a few rows at a time", () => {
  const [whole, path] = [join(dir, "whole.tsv"), join(dir, "stream.tsv")];
  const columns = ['a "name"', "x"];
  const rows = [1, 2, 3, 4, 5].map((i) => ({ 'a "name"': `line\n${i}`, x: i }));
  writeTsv(whole, rows, columns, { floats: ["x"] });
  {
    using stream = new TsvStream(path, columns, { floats: ["x"] });
    stream.write(rows.slice(0, 2));
    expect(readFileSync(path, "utf8").length).toBeGreaterThan(20);
    stream.write([]);
    stream.write(rows.slice(2));
  }
  expect(readFileSync(path, "utf8")).toBe(readFileSync(whole, "utf8"));
  expect(() => new TsvStream(path, columns)).toThrow(/EEXIST/);
});
