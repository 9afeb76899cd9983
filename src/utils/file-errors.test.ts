import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isNotThere, naming } from "./file-errors.ts";

it("names the file of an error that names none, and leaves others as they are", () => {
  const dir = mkdtempSync(join(tmpdir(), "naming-"));
  try {
    const path = join(dir, "a.txt");
    writeFileSync(path, "a");
    const readOnly = openSync(path, "r");
    expect(() => naming(path, () => writeSync(readOnly, "b"))).toThrow(
      /^EBADF: bad file descriptor, write '.*a\.txt'$/,
    );
    closeSync(readOnly);
    expect(() => naming("b", () => openSync(join(dir, "none", "c"), "wx"))).toThrow(/open '.*none.c'$/);
    expect(() =>
      naming("b", () => {
        throw new Error("other");
      }),
    ).toThrow(/^other$/);
    expect(naming("b", () => 3)).toBe(3);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it("tells a file that is not there from other errors", () => {
  const missing = (): unknown => {
    try {
      return openSync(join(import.meta.dirname, "none"), "r");
    } catch (error) {
      return error;
    }
  };
  expect(isNotThere(missing())).toBe(true);
  for (const other of [Object.assign(new Error("a"), { code: "EACCES" }), new Error("ENOENT"), null])
    expect(isNotThere(other)).toBe(false);
});
