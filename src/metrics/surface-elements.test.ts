import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { elementSizes } from "./surface-elements.ts";

interface Table {
  readonly spacing: readonly number[];
  readonly sizes: readonly number[];
}
const { tables }: { tables: readonly Table[] } = JSON.parse(
  readFileSync(new URL("golden/image-metrics.json", import.meta.url), "utf8"),
);

it.each(tables)("has the sizes of DeepMind's tables for voxels of $spacing", ({ spacing, sizes }) => {
  const found = elementSizes(spacing);
  expect(found).toHaveLength(sizes.length);
  // the tables are float32
  for (const [code, size] of sizes.entries())
    expect(Math.abs((found[code] ?? Number.NaN) - size)).toBeLessThan(1e-6 * Math.max(1, size));
});
