import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { extractionRegistry, transformRegistry } from "../../src/transforms/index.ts";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));

it("the page of transforms has each of them, and a picture for every name that it shows", () => {
  const page = readFileSync(`${docs}transforms.md`, "utf8");
  const missing = [...transformRegistry.names, ...extractionRegistry.names].filter(
    (name) => !page.includes(`\`${name}\``),
  );
  expect(missing).toEqual([]);
  const shown = [...page.matchAll(/!\[[^\]]*\]\(pictures\/transforms\/([^)]+)\)/g)].map((match) => match[1]);
  expect([...new Set(shown)].sort()).toEqual(readdirSync(`${docs}pictures/transforms`).sort());
  for (const file of shown) {
    const start = readFileSync(`${docs}pictures/transforms/${file}`).subarray(0, 24);
    expect(start.toString("latin1", 1, 4), file).toBe("PNG");
    // no thumbnail, no poster
    expect(
      [start.readUInt32BE(16), start.readUInt32BE(20)].every((size) => size > 50 && size < 250),
      file,
    ).toBe(true);
  }
});
