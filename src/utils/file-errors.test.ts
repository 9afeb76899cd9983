import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { naming } from "./file-errors.ts";

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
