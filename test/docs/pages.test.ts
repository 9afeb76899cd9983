/** Every example of the README and of the documentation is type-checked and run, and every link leads somewhere. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describePage, describeTypes, parse } from "./page.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const pages = globSync(["README.md", "docs/**/*.md"], { cwd: root }).sort();

// these have a file of tests of their own: the first two say more than their examples, the others take long
const apart = (page: string) =>
  page === "docs/training.md" || page === "docs/maps.md" || page.startsWith("docs/cookbook/");
const examples = pages.filter((page) => !apart(page) && readFileSync(join(root, page), "utf8").includes("```"));
describeTypes(examples);
for (const page of examples) describePage(page);

it("blocks are refused where they would not be run", () => {
  expect(() => parse("```ts\n1;\n```\n")).toThrow("a page, line 1: the block belongs to no program");
  expect(() => parse("<!-- program: a.ts -->\n\n```ts\n```\n")).toThrow("line 1: no mark");
  expect(() => parse("```typescript\n```\n")).toThrow("unknown kind");
  expect(() => parse("<!-- program: a.ts -->\n```ts\n1;\n")).toThrow("does not end");
});

// the blocks of these are commands of a checkout: of setting it up and of running the tests
const others = ["CONTRIBUTING.md", "CHANGELOG.md"];

it.each([...pages, ...others])("%s links to what is there", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  const targets = [...text.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] ?? "");
  for (const target of targets) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? join(root, page) : join(root, dirname(page), path);
    expect(existsSync(file), target).toBe(true);
    if (anchor === undefined) continue;
    const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map((match) => match[1] ?? "");
    expect(
      headings.map((heading) =>
        heading
          .toLowerCase()
          .replace(/[^\w -]/g, "")
          .replaceAll(" ", "-"),
      ),
    ).toContain(anchor);
  }
});
