import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { checkPublicModules, checkRooms, publicModules } from "./public-modules.mjs";

const root = join(import.meta.dirname, "..");
let src = "";
afterEach(() => rmSync(src, { recursive: true, force: true }));

function sources(files: Record<string, string>): string {
  src = mkdtempSync(join(tmpdir(), "clinicadl-modules-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(src, name)), { recursive: true });
    writeFileSync(join(src, name), text);
  }
  return src;
}

describe("the public modules", () => {
  it("are those that package.json has", () => {
    const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(checkPublicModules(exports, join(root, "src"))).toEqual([]);
    expect(checkPublicModules({ ...exports, "./nothing": "./dist/nothing.js" }, join(root, "src"))).toHaveLength(1);
  });

  it("are the folders with an index.ts, those that serve others of the package left out", () => {
    const folder = sources({
      "view/index.ts": "",
      "torch/index.ts": "",
      "torch/nn/index.ts": "",
      "io/tsv/index.ts": "",
    });
    const modules = publicModules(folder);
    expect(modules["./view"]).toEqual({ types: "./dist/view/index.d.ts", default: "./dist/view/index.js" });
    expect(Object.keys(modules)).toContain("./torch");
    expect(Object.keys(modules)).not.toContain("./torch/nn");
    expect(Object.keys(modules)).not.toContain("./io/tsv");
  });

  it("are found without a comment on what their folder is for", () => {
    const folder = sources({ "view/index.ts": "export {};", "data/index.ts": "/** What is learnt from. */" });
    expect(checkRooms(folder)).toHaveLength(1);
    expect(checkRooms(join(root, "src"))).toEqual([]);
  });
});
