import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { contentProblem } from "./content.ts";

const folder = mkdtempSync(join(tmpdir(), "content-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const link = (name: string, target: string): string => {
  symlinkSync(target, join(folder, name));
  return join(folder, name);
};

it("finds nothing wrong with a file that holds something", () => {
  expect(contentProblem(file("a.nii", "content"))).toBeNull();
  expect(contentProblem(link("b.nii", "a.nii"))).toBeNull();
  expect(contentProblem(file("large.nii", `/annex/objects/${"x".repeat(2000)}`))).toBeNull();
});

it("says what a link leads to that leads nowhere; for git-annex, how its content is fetched", () => {
  expect(contentProblem(link("c.nii", "../gone.nii"))).toBe("it is a link to ../gone.nii, which does not exist");
  const annexed = link("d.nii", "../../../.git/annex/objects/a/b/MD5E-s1--x.nii.gz/MD5E-s1--x.nii.gz");
  expect(contentProblem(annexed)).toMatch(
    /^it is a link to .*which does not exist: git-annex has not fetched it.* datalad get .*d\.nii \(or git annex get\)/,
  );
  expect(contentProblem(link("circle.nii", "circle.nii"))).toMatch(/ELOOP/);
});

it("knows pointers of git-annex and Git LFS", () => {
  for (const start of [
    "/annex/objects/MD5E-s1--x\n",
    "../.git/annex/objects/a/b/MD5E-s1--x",
    "/annex/objects/SHA256E-s9--y\nmore\n",
  ]) {
    expect(contentProblem(file("e.nii", start))).toMatch(/^it is a pointer .*git-annex has not fetched.* datalad get/);
  }
  const lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
  expect(contentProblem(file("f.nii", lfs))).toMatch(/^it is a pointer .*Git LFS .*git lfs pull/);
});

it("knows what is empty, not there, or no file", () => {
  expect(contentProblem(file("g.nii", ""))).toBe("it is empty (0 bytes). Copy or download it again");
  expect(contentProblem(join(folder, "none.nii"))).toBe("there is no such file");
  mkdirSync(join(folder, "h.nii"));
  expect(contentProblem(join(folder, "h.nii"))).toBe("it is a folder, not a file");
  expect(contentProblem(link("null.nii", "/dev/null"))).toBe("it is a device, not a file");
});
