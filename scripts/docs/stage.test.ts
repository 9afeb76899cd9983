import { globSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { GUIDE, pagesOf } from "./pages.mjs";
import { onSite } from "./stage.mjs";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));

describe("the site of the documentation", () => {
  it("has each page of docs/ in its order: add a new one to pages.mjs", () => {
    const shown = GUIDE.flatMap((group) => pagesOf(docs, group));
    const pages = globSync("**/*.md", { cwd: docs });
    expect(pages.length).toBeGreaterThan(15);
    expect(pages.filter((page) => !shown.includes(page))).toEqual([]);
  });

  it("names no page in its order that is not there", () => {
    const named = GUIDE.flatMap((group) => group.pages ?? []).filter((page) => page !== "contributing.md");
    expect(named.filter((page) => globSync(page, { cwd: docs }).length === 0)).toEqual([]);
    expect(globSync("CONTRIBUTING.md", { cwd: join(docs, "..") })).toEqual(["CONTRIBUTING.md"]);
  });

  it("leads from the README into docs/, from docs/ to the README's neighbours, and to examples", () => {
    expect(onSite("[a](docs/data.md#splits)", "README.md")).toBe("[a](./data.md#splits)");
    expect(onSite("[a](../CONTRIBUTING.md)", "docs/own.md")).toBe("[a](./contributing.md)");
    expect(onSite("[`vae.ts`](../examples/vae.ts)", "docs/models.md")).toBe("[`vae.ts`](./examples/vae.md)");
    expect(onSite("[a](../data.md)", "docs/decisions/0001.md")).toBe("[a](../data.md)");
  });

  it("keeps pictures, anchors and other hosts, and names a source file without a link", () => {
    expect(onSite("![a](pictures/a.png)", "docs/transforms.md")).toBe("![a](./pictures/a.png)");
    expect(onSite("[a](#b) [c](https://example.org/d)", "docs/data.md")).toBe("[a](#b) [c](https://example.org/d)");
    expect(onSite("see [the loop](../src/train/loop.ts).", "docs/data.md")).toBe("see the loop.");
  });
});
