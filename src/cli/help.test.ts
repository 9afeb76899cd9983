import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const cli = join(import.meta.dirname, "index.ts");
const help = (...args: readonly string[]): string[] =>
  execFileSync(process.execPath, [cli, ...args, "--help"], { encoding: "utf8" })
    .trimEnd()
    .split("\n");
const LONGEST = 40;
const WIDEST = 80;

describe("help", () => {
  it("has a screen for each command, and a line for each in the list of all", () => {
    const all = help();
    const names = all.flatMap((line) => /^ {2}([a-z]+)\b/.exec(line)?.[1] ?? []);
    expect(names).toContain("sync");
    expect(names.length).toBeGreaterThan(20);
    expect(all.length).toBeLessThanOrEqual(LONGEST);
    for (const name of ["", ...names.filter((one) => one !== "help")]) {
      const lines = name === "" ? all : help(name);
      expect(lines.length, name).toBeLessThanOrEqual(LONGEST);
      expect(lines.filter((line) => line.length > WIDEST)).toEqual([]);
    }
  });

  it("is said to be there after what is not understood", () => {
    for (const args of [["trian"], ["train"], ["summary", "maps", "--jsno"]]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toContain("(clinicadl --help lists the commands and options)");
    }
  });
});
