import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lossRegistry } from "../../src/losses/index.ts";
import { metricRegistry } from "../../src/metrics/index.ts";
import { networkRegistry } from "../../src/networks/index.ts";

describe("a chapter names all that there is of its kind", () => {
  it.each([
    ["models.md", networkRegistry.names],
    ["metrics.md", metricRegistry.names],
    ["losses.md", lossRegistry.names],
  ])("%s", (page, names) => {
    const chapter = readFileSync(new URL(`../../docs/${page}`, import.meta.url), "utf8");
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !chapter.includes(`\`${name}\``))).toEqual([]);
  });
});
