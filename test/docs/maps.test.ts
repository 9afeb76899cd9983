import { globSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describePage, describeTypes } from "./page.ts";

describeTypes(["docs/maps.md"]);
const { texts, folder } = describePage("docs/maps.md");

describe("the rest of the chapter", () => {
  it("shows all of the MAPS", () => {
    const [tree = ""] = texts;
    const [top = "", ...lines] = tree.trimEnd().split("\n");
    const paths = [top];
    const known = new Map<string, string[]>();
    for (const line of lines) {
      const depth = (line.length - line.trimStart().length) / 2;
      const names = (line.trim().split(/ {2,}/)[0] ?? "").split(", ");
      const parent = paths.slice(0, depth).join("");
      for (const name of names) {
        const pattern = name.replace(/<\w+>/g, "*");
        expect(globSync(join(folder(), parent, pattern)), parent + name).not.toEqual([]);
        known.set(parent, [...(known.get(parent) ?? []), pattern.split("/")[0] ?? ""]);
      }
      paths[depth] = names[0] ?? "";
    }
    for (const [parent, patterns] of known) {
      const listed = patterns.flatMap((pattern) => globSync(pattern, { cwd: join(folder(), parent) }));
      expect(readdirSync(join(folder(), parent)).sort(), parent).toEqual([...new Set(listed)].sort());
    }
  });
});
