import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { environmentReport } from "./environment.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "environment-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const now = new Date("2026-11-23T06:32:18.123Z");
const report = (gpus: readonly string[] = []) =>
  environmentReport({ libtorch: "2.15.0", gpus }, { now, directory: dir });
const header = (text: string) =>
  new Map([...text.matchAll(/^# (.*?): (.*)$/gm)].map(([, key = "", value = ""]) => [key, value]));

it("says with what, and on what machine", () => {
  const text = report(["NVIDIA A", "NVIDIA B"]);
  expect(text.split("\n")[0]).toBe("# ClinicaDL environment snapshot");
  const facts = header(text);
  expect(facts.get("timestamp")).toBe("2026-11-23T06:32:18+00:00");
  expect(facts.get("node_version")).toBe(process.versions.node);
  expect(facts.get("libtorch_version")).toBe("2.15.0");
  expect(facts.get("gpu")).toBe("NVIDIA A, NVIDIA B");
  expect(facts.get("machine")).toBe(process.arch);
  expect(facts.get("memory")).toMatch(/^\d+\.\d GiB$/);
  expect(facts.get("recreate with")).toMatch(/^npm install clinicadl@\d+\.\d+\.\d+/);
  expect(header(report()).get("gpu")).toBe("none");
});

it("lists the packages that are installed, sorted, with those of the project", () => {
  const put = (name: string, content: string) => {
    mkdirSync(join(dir, "node_modules", name), { recursive: true });
    writeFileSync(join(dir, "node_modules", name, "package.json"), content);
  };
  put("@lab/atlas", '{ "version": "1.2.3" }');
  put("broken", "{");
  put(".bin", "{}");
  const packages = report().split("\n\n")[1]?.trim().split("\n") ?? [];
  expect(packages).toContain("@lab/atlas@1.2.3");
  // our own dependency, as installed
  expect(packages.some((line) => /^zod@\d+\.\d+\.\d+$/.test(line))).toBe(true);
  expect(packages.filter((line) => /broken|\.bin/.test(line))).toEqual([]);
  expect(packages).toEqual([...packages].sort());
});

it("records the commit of the directory, and whether files differ from it", () => {
  expect(header(report()).get("git_commit")).toBe("none");
  const git = (...args: string[]) => execFileSync("git", args, { cwd: dir, encoding: "utf8" }).trim();
  git("init", "-q");
  writeFileSync(join(dir, "train.ts"), "1");
  git("add", ".");
  git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "one");
  const commit = git("rev-parse", "HEAD");
  expect(header(report()).get("git_commit")).toBe(commit);
  writeFileSync(join(dir, "train.ts"), "2");
  expect(header(report()).get("git_commit")).toBe(`${commit} (with uncommitted changes)`);
});
