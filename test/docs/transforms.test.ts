import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { extractionRegistry, transformRegistry } from "../../src/transforms/index.ts";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));

/** What a picture cannot show: types and shapes, and the image as it is. */
const WITHOUT_PICTURE = ["Format", "Image"];

it("the page of transforms has each of them with a picture, and none that it does not show", () => {
  const page = readFileSync(`${docs}transforms.md`, "utf8");
  const names = [...transformRegistry.names, ...extractionRegistry.names];
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  const shown = [...page.matchAll(/!\[[^\]]*\]\(pictures\/transforms\/([^)]+)\)/g)].map((match) => match[1]);
  expect(names.filter((name) => !shown.includes(`${name}.png`))).toEqual(WITHOUT_PICTURE);
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
