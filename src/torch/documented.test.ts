import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const here = fileURLToPath(new URL("./", import.meta.url));
const sources = (pattern: string) =>
  globSync(pattern, { cwd: here })
    .filter((path) => !path.endsWith(".test.ts"))
    .map((path) => ({ path, text: readFileSync(here + path, "utf8") }));

/** Members of the blocks that `begin` opens, and that have no doc comment in the line before them. */
function undocumented(text: string, begin: RegExp, member: RegExp): string[] {
  const lines = text.split("\n");
  let open = false;
  return lines.filter((line, i) => {
    if (begin.test(line)) open = true;
    else if (/^\}/.test(line)) open = false;
    else if (open && member.test(line)) return !/\*\/$/.test(lines[i - 1] ?? "");
    return false;
  });
}

describe("what an editor shows on hover", () => {
  const layers = sources("nn/*.ts");
  it.each(layers)("$path: every option of an exported layer or loss has a doc comment", ({ text }) => {
    expect(undocumented(text, /^export interface \w+Options/, /^ {2}readonly \w+\??:/)).toEqual([]);
  });

  const optimizers = sources("optim/**/*.ts");
  it.each(optimizers)("$path: every option of an optimizer or scheduler has a doc comment", ({ text }) => {
    expect(undocumented(text, /z\.strictObject\(\{$|^const (first|last) = \{$/, /^ {2}\w+(:|,)/)).toEqual([]);
  });

  it("every generated operator has PyTorch's name, its schema and, for those of networks, a line with shapes", () => {
    const [functions = "", methods = ""] = ["functions", "methods"].map((name) =>
      readFileSync(`${here}generated/${name}.ts`, "utf8"),
    );
    expect(undocumented(functions, /^const \w+: \{$/, /^ {2}\(/)).toEqual([]);
    expect(undocumented(methods, /interface Tensor/, /^ {4}\w+\(/)).toEqual([]);
    for (const name of functions.matchAll(/^\/\*\* (.*)\n/gm))
      expect(name[1]).toMatch(/^PyTorch's `\w+`\. .*`.* -> .*`/);
    expect(functions).toMatch(/PyTorch's `conv3d`\. \(N, C, D, H, W\), weight \(out, C \/ groups, kD, kH, kW\) → /);
    expect(methods).toMatch(/PyTorch's `add_`\. Elementwise: .* Here in place\. `add_\.Tensor\(/);
  });
});
