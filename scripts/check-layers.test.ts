import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { checkCircles, checkLayers, importsOf } from "./check-layers.mjs";

let src = "";
afterEach(() => rmSync(src, { recursive: true, force: true }));

function problemsOf(files: Record<string, string>, check = checkLayers): string[] {
  src = mkdtempSync(join(tmpdir(), "clinicadl-layers-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(src, name)), { recursive: true });
    writeFileSync(join(src, name), text);
  }
  return check(src);
}

describe("the layers", () => {
  it("may be imported to the left and within a folder", () => {
    expect(
      problemsOf({
        "train/a.ts": `import type { B } from "../io/b.ts";\nexport { c } from "./c.ts";`,
        "split/a.ts": `import { D } from "../data/d.ts";`,
        "train/a.test.ts": `import { x } from "../utils/x.ts";`,
      }),
    ).toEqual([]);
  });

  it("may not be imported to the right, not even as a type, in a test or dynamically", () => {
    const problems = problemsOf({
      "io/a.ts": `import type { T } from "../train/t.ts";`,
      "io/b.ts": `const t = await import("../models/m.ts");`,
      "io/c.test.ts": `export * from "../cli/c.ts";`,
      "io/d.ts": `import {\n  a,\n} from "../data/x.ts";`,
    });
    expect(problems).toHaveLength(4);
    expect(problems[0]).toContain("io may not import train");
  });

  it("may not import each other in a circle, leave src/, or stand in no layer", () => {
    const problems = problemsOf({
      "data/a.ts": `import { s } from "../split/s.ts";`,
      "split/a.ts": `import { d } from "../data/d.ts";`,
      "io/a.ts": `import x from "../../scripts/x.mjs";`,
      "misc/a.ts": "",
    });
    expect(problems.join("\n")).toMatch(/outside src\/[\s\S]*no layer[\s\S]*data and split import each other/);
  });

  it("are read from code, not from comments", () => {
    expect(importsOf(`/** import { a } from "../a.ts" */\n// from "../b.ts"\nimport "../c.ts";`)).toEqual(["../c.ts"]);
  });
});

describe("circles of files", () => {
  it("are told whole, type-only imports counted", () => {
    const problems = problemsOf(
      {
        "io/a.ts": `import type { B } from "./b.ts";`,
        "io/b.ts": `export * from "../utils/c.ts";\nimport "./d.ts";`,
        "utils/c.ts": `const a = await import("../io/a.ts");`,
        "io/d.ts": "",
        "torch/self.ts": `import "./self.ts";`,
      },
      checkCircles,
    );
    expect(problems).toEqual([
      "files import each other in a circle: io/a.ts → io/b.ts → utils/c.ts → io/a.ts",
      "files import each other in a circle: torch/self.ts → torch/self.ts",
    ]);
  });

  it("are not found where files only meet", () => {
    const files = { "io/a.ts": `import "./b.ts";\nimport "./c.ts";`, "io/b.ts": `import "./c.ts";`, "io/c.ts": "" };
    expect(problemsOf(files, checkCircles)).toEqual([]);
  });
});
