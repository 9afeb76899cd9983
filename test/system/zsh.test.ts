/** Completion in zsh, driven as a person does it: words and a tab in a terminal. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findProgram } from "./program.ts";

interface Completed {
  /** What stands in the line after the tab. */
  readonly line: string;
  /** What is offered where several would do. */
  readonly offered: readonly string[];
}

const dir = mkdtempSync(join(tmpdir(), "zsh-"));
afterAll(() => rmSync(dir, { recursive: true }));

const zsh = { who: "The tests of completion", names: ["zsh"], packages: ["zsh"] } as const;
let path: string;
beforeAll(() => {
  path = findProgram(zsh);
  const cli = join(import.meta.dirname, "../../src/cli/index.ts");
  const { stdout } = spawnSync(process.execPath, [cli, "completion", "zsh"], { encoding: "utf8" });
  writeFileSync(join(dir, "clinicadl.zsh"), stdout);
  writeFileSync(join(dir, "experiment.yaml"), "");
});

/** What a tab makes of each of these lines, one after another in one shell. */
function complete(...lines: readonly string[]): Completed[] {
  const { status, stdout, stderr } = spawnSync(
    path,
    ["-f", join(import.meta.dirname, "complete.zsh"), "./clinicadl.zsh"],
    {
      cwd: dir,
      env: { PATH: process.env.PATH, HOME: dir, LC_ALL: "C" },
      input: `${lines.join("\n")}\n`,
      encoding: "utf8",
      // ends what hangs
      timeout: 600_000,
    },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return [...stdout.matchAll(/([\s\S]*?)\[line:(.*)\]/g)].map(([, before = "", line = ""]) => ({
    line,
    offered: before
      .split(/[\r\n]+/)
      .filter((shown) => /^[\w-]/.test(shown) && !shown.startsWith("clinicadl"))
      .flatMap((shown) => shown.trim().split(/\s+/)),
  }));
}

it("completes commands, then their options, and files", () => {
  expect(
    complete(
      "clinicadl tr",
      "clinicadl s",
      "clinicadl --v",
      "clinicadl train --fo",
      "clinicadl train experiment.yaml --q",
      "clinicadl sweep sweep.yaml --j",
      "clinicadl train e",
      "clinicadl nothing --f",
    ),
  ).toEqual([
    { line: "clinicadl train ", offered: [] },
    { line: "clinicadl s", offered: ["schema", "setup", "split", "summary", "sweep", "sync"] },
    { line: "clinicadl --version ", offered: [] },
    { line: "clinicadl train --folds ", offered: [] },
    { line: "clinicadl train experiment.yaml --quiet ", offered: [] },
    { line: "clinicadl sweep sweep.yaml --j", offered: ["--jobs", "--json"] },
    { line: "clinicadl train experiment.yaml ", offered: [] },
    { line: "clinicadl nothing --f", offered: [] },
  ]);
});
