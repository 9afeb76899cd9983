import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Claim, discard, discardForgotten } from "./claim.ts";
import { stageDirectory } from "./staging.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "claim-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("what its maker holds is not deleted by others; what an ended process left is", () => {
  const path = join(dir, ".tmp-a-00000000");
  {
    using _claim = Claim.make(() => path);
    writeFileSync(join(path, "file"), "");
    discardForgotten(path);
    discard(path);
    expect(readdirSync(path)).toEqual(["file"]);
    expect(Claim.of(path)).toBeNull();
  }
  discardForgotten(path);
  expect(existsSync(path)).toBe(false);
  discard(path); // it is gone
});

it("a directory that is made does not make another one's fail", () => {
  const target = join(dir, "a");
  mkdirSync(join(dir, ".tmp-a-00000000"));
  stageDirectory(target, (first) => {
    writeFileSync(join(first, "first"), "");
    stageDirectory(target, (second) => writeFileSync(join(second, "second"), ""));
    expect(readdirSync(first)).toEqual(["first"]);
    expect(readdirSync(target)).toEqual(["second"]);
  });
  expect(readdirSync(target)).toEqual(["first"]);
  expect(readdirSync(dir)).toEqual(["a"]);
});
