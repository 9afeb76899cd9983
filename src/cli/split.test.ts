import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { KFold, SingleSplit } from "../split/index.ts";

let dir = "";
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "cli split-")));
  const rows = Array.from({ length: 12 }, (_, i) => [
    `sub-${i}`,
    i % 2 ? "F" : "M",
    ["a", "b", "c"][i % 3],
    60 + i / 2,
  ]);
  const text = [["participant_id", "sex", "site", "age"], ...rows].map((row) => row.join("\t")).join("\n");
  writeFileSync(join(dir, "table.tsv"), text);
});
afterEach(() => rmSync(dir, { recursive: true }));

const split = (...args: string[]) => {
  const cli = join(import.meta.dirname, "index.ts");
  const { stdout, ...rest } = spawnSync(process.execPath, [cli, "split", "table.tsv", ...args], {
    encoding: "utf8",
    cwd: dir,
  });
  return { ...rest, lines: stdout.trimEnd().split("\n") };
};

it("makes folds, and shows what each side holds", () => {
  const { lines, status, stderr } = split("--folds", "3", "--stratification", "sex", "--seed", "1");
  expect([status, stderr]).toEqual([0, ""]);
  expect(lines[0]).toMatch(/^split +train +other$/);
  expect(lines).toContainEqual(expect.stringMatching(/^0 +participants +8 +4$/));
  expect(lines).toContainEqual(expect.stringMatching(/^2 +sex = F: proportion +0.5 +0.5$/));
  expect(lines.at(-1)).toBe(join(dir, "3_fold"));
  expect(new KFold(join(dir, "3_fold")).length).toBe(3);
});

it("puts participants aside, and leaves sites out", () => {
  const test = split("--test", "0.25", "--output", "held", "--json");
  const { folder, rows } = JSON.parse(test.lines.join(""));
  expect([folder, rows[0].train, rows[0].other]).toEqual([join(dir, "held", "split"), 9, 3]);
  expect(new SingleSplit(folder).splitDir).toBe(folder);
  const sites = split("--leave-out", "site", "--report", "site", "age");
  expect(sites.lines).toContainEqual(expect.stringMatching(/^1 +age: mean +/));
  // that is what it is for, and worth a word all the same
  expect(sites.stderr).toMatch(/Warning: split 0: nobody in train has 'site' = 'a'/);
});

it("wants one kind of split, with its own options", () => {
  expect(split().stderr).toMatch(/Give one of --folds, --test, --leave-out; got none/);
  expect(split("--folds", "3", "--test", "0.2").stderr).toMatch(/got --folds, --test/);
  expect(split("--leave-out", "site", "--seed", "1").stderr).toMatch(/--leave-out does not go with --seed/);
  expect(split("--folds", "3", "--groups", "family").stderr).toMatch(/'family'/);
  expect(existsSync(join(dir, "3_fold"))).toBe(false);
});
