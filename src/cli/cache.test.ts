import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, realpathSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { BidsDataset } from "../data/datasets/index.ts";
import { makeCohort } from "../data/fixtures/cohort.ts";

const ENTRY = join(import.meta.dirname, "index.ts");

let dir = "";
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "clinicadl cache-")));
});
afterEach(() => rmSync(dir, { recursive: true }));

const clinicadl = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ENTRY, ...args], {
    encoding: "utf8",
    cwd: dir,
    env: { ...process.env, XDG_CACHE_HOME: join(dir, "user's cache") },
  });
  return { status, stdout, stderr };
};

it("shows what is there, and clears it", async () => {
  using cohort = makeCohort(3);
  const folder = join(dir, "fast disk");
  const dataset = new BidsDataset({
    bids: cohort.root,
    fileType: { suffix: "T1w", dataType: "anat" },
    data: cohort.tsv,
    cache: { disk: folder },
  });
  for (let i = 0; i < 3; i++) (await dataset.get(i))[Symbol.dispose]();
  const shown = clinicadl("cache", "--folder", "fast disk");
  expect(shown).toMatchObject({ status: 0, stderr: "" });
  const [total, ofCohort, ...others] = shown.stdout.trimEnd().split("\n");
  expect(total).toMatch(/^.*fast disk: 3 images, [0-9.]+ (bytes|kB)$/);
  expect(total?.startsWith(folder)).toBe(true);
  expect(ofCohort).toMatch(/^ {2}.*: 3 images, /);
  expect(ofCohort).toContain(cohort.root);
  expect(others).toEqual([]);

  expect(JSON.parse(clinicadl("cache", "--folder", folder, "--json").stdout)).toMatchObject({
    folder,
    images: 3,
    sources: [{ of: cohort.root, images: 3 }],
  });

  truncateSync(join(folder, readdirSync(folder)[0] ?? ""), 30);
  writeFileSync(join(folder, "notes.txt"), "mine");
  expect(clinicadl("cache", "--folder", folder).stdout).toMatch(/: 2 images, .*\n {2}damaged: 1 image, 30 bytes\n$/);
  expect(clinicadl("cache", "--folder", folder, "--clear")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/fast disk: 3 deleted, .* freed\n$/),
  });
  expect(readdirSync(folder)).toEqual(["notes.txt"]);
});

it("says that there is nothing, in the user's own folder unless another is given", () => {
  const stdout = `${join(dir, "user's cache", "clinicadl", "images")}: nothing\n`;
  expect(clinicadl("cache")).toEqual({ status: 0, stdout, stderr: "" });
  expect(clinicadl("cache", "--clear")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/: 0 deleted, 0 bytes/),
  });
  expect(readdirSync(dir)).toEqual([]);
  expect(clinicadl("cache", "--purge")).toMatchObject({ status: 1, stderr: expect.stringMatching(/unknown option/) });
  writeFileSync(join(dir, "file"), "");
  expect(clinicadl("cache", "--folder", "file")).toMatchObject({ status: 1, stderr: expect.stringMatching(/ENOTDIR/) });
});
