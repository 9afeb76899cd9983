import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

const clinicadl = (...args: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, "index.ts"), "completion", ...args], { encoding: "utf8" });

it("completes commands, then their options, in bash", () => {
  const dir = mkdtempSync(join(tmpdir(), "completion-"));
  writeFileSync(join(dir, "clinicadl.sh"), clinicadl("bash").stdout);
  const complete = (...words: string[]) => {
    const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _clinicadl; echo "\${COMPREPLY[*]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", script, "bash", join(dir, "clinicadl.sh"), ...words], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    return stdout.trim().split(" ");
  };
  expect(complete("clinicadl", "s")).toEqual(expect.arrayContaining(["setup", "summary", "split", "schema"]));
  expect(complete("clinicadl", "--v")).toEqual(["--version"]);
  expect(complete("clinicadl", "train", "--fo")).toEqual(["--folds"]);
  expect(complete("clinicadl", "train", "e.yaml", "--q")).toEqual(["--quiet"]);
  expect(complete("clinicadl", "sweep", "sweep.yaml", "--j")).toEqual(["--jobs", "--json"]);
  // files are left to the shell
  expect(complete("clinicadl", "train", "e")).toEqual([""]);
  rmSync(dir, { recursive: true });
});

it("is for bash and zsh", () => {
  expect(clinicadl("zsh").stdout).toMatch(/bashcompinit[\s\S]*complete -o default -F _clinicadl clinicadl/);
  expect(clinicadl("fish")).toMatchObject({ status: 1, stderr: expect.stringContaining("Give bash or zsh") });
});
